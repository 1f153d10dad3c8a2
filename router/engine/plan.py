"""What a run would send and cost, without sending; and where on its ladder it begins.

Pure: the same task, inputs, catalog and day give the same plan. Token counts are estimates
(`router.catalog.tokens`), so the costs here are expectations of a bad and of a good day; what an
attempt reserves before it is made is `reservation`, which errs upwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import Any

from router.catalog.models import Catalog, Model
from router.catalog.pricing import cost, worst_case
from router.catalog.tokens import BodyTokens, estimate_body
from router.compiler.model import Task, Tier, VerifierSignal
from router.engine.bounds import reservation
from router.engine.inputs import prepare_inputs
from router.engine.request import build_body, render_prompt, sends_schema
from router.errors import CatalogError, UsageError
from router.types import Plan, PlannedBreakpoint, PlannedTier, Usage

__all__ = [
    "choose_start",
    "make_plan",
    "matching_start",
    "plan_as_dict",
    "reachable",
    "reservation",
]

_ZERO = Decimal(0)
_MAX_VERIFIERS = 8  # of verifiers of verifiers


def choose_start(task: Task, inputs: Mapping[str, Any]) -> tuple[str, str | None]:
    """The tier a run begins on, and the start rule's reason where a rule chose it."""
    index = matching_start(task, inputs)
    if index is None:
        return task.tiers[0].name, None
    rule = task.start[index]
    return rule.tier, rule.reason or f"when {rule.when.source}"


def matching_start(task: Task, inputs: Mapping[str, Any]) -> int | None:
    """The first start rule that holds; those before it do not, those after it are not asked."""
    for index, rule in enumerate(task.start):
        if rule.when.holds(inputs):
            return index
    return None


def reachable(task: Task, start: str) -> tuple[str, ...]:
    """Tiers that a run which begins on `start` may visit, in the ladder's order."""
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting.extend(task.onward(task.tier(name)))
    return tuple(tier.name for tier in task.tiers if tier.name in seen)


def make_plan(
    task: Task,
    inputs: Mapping[str, Any],
    *,
    catalog: Catalog,
    today: date,
    start_tier: str | None = None,
    tasks: Mapping[str, Task] | None = None,
    revision: str | None = None,
) -> Plan:
    """What `run` with these inputs would send on each tier, and what it would cost.

    Args:
        today: the day (UTC) whose prices count.
        start_tier: begin here, whatever the start rules say.
        tasks: the policy set's tasks, for verifiers.
        revision: of the policy set; the task's own where not given.

    Raises:
        UsageError: as `run` would (InputInvalid, TemplateError), or `start_tier` names no tier.
        CatalogError: a tier's model, or its price, is unknown.
    """
    values = prepare_inputs(task, inputs)
    start, reason = choose_start(task, values)
    if start_tier is not None:
        if start_tier not in {tier.name for tier in task.tiers}:
            known = ", ".join(tier.name for tier in task.tiers)
            raise UsageError(f"task `{task.name}` has no tier {start_tier!r}; it has {known}")
        start, reason = start_tier, None
    planner = _Planner(task, values, catalog, today, tasks or {}, start)
    if reason is not None:
        planner.notes.append(f"starts on {start}: {reason}")
    tiers = tuple(planner.tier(tier) for tier in task.tiers)
    best, worst = planner.totals(tiers)
    planner.add_general_notes()
    return Plan(
        task=task.name,
        revision=revision or task.revision,
        tiers=tiers,
        start=start,
        cost_best=best,
        cost_worst=worst,
        deadline=task.budget.deadline,
        budget_usd=task.budget.usd,
        notes=tuple(dict.fromkeys(planner.notes)),
    )


def plan_as_dict(plan: Plan) -> dict[str, Any]:
    """The plan as plain JSON values; money as strings, so that no digit is lost."""
    return _plain(asdict(plan))  # type: ignore[no-any-return]  # a dict, as `asdict` gives one


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


class _Planner:
    """One plan in the making. `extra` are prompt tokens that only a real run knows."""

    def __init__(
        self,
        task: Task,
        values: Mapping[str, Any],
        catalog: Catalog,
        today: date,
        tasks: Mapping[str, Task],
        start: str,
        *,
        extra: int = 0,
        depth: int = 0,
    ) -> None:
        self.task = task
        self.values = values
        self.catalog = catalog
        self.today = today
        self.tasks = tasks
        self.start = start
        self.notes: list[str] = []
        self._rendered = render_prompt(task, values)
        self._extra = extra
        self._depth = depth

    def tier(self, tier: Tier) -> PlannedTier:
        model = self._model(tier)
        body = build_body(self.task, tier, self._rendered, model=model)
        tokens = estimate_body(body, model)
        prompt = tokens.total + self._extra
        breakpoints = _breakpoints(tokens, model)
        cold, warm = self._costs(tier, model, prompt, tokens, breakpoints)
        self._note_tier(tier, model, prompt, breakpoints)
        return PlannedTier(
            name=tier.name,
            model=tier.model,
            max_tokens=tier.max_tokens,
            request=body,
            prompt_tokens=prompt,
            breakpoints=breakpoints,
            cost_cold=cold,
            cost_warm=warm,
            starts_here=tier.name == self.start,
            calls=self.task.calls(tier),
        )

    def totals(self, tiers: tuple[PlannedTier, ...]) -> tuple[Decimal, Decimal]:
        """The cost of the start tier alone, warm; and of every tier it may come to, cold."""
        best = worst = _ZERO
        visited = reachable(self.task, self.start)
        for planned in tiers:
            if planned.name not in visited:
                continue
            tier = self.task.tier(planned.name)
            least, most = self._verifiers(tier)
            worst += planned.calls * planned.cost_cold + most
            if planned.name == self.start:
                best = planned.calls * planned.cost_warm + least
        return best, worst

    def add_general_notes(self) -> None:
        self.notes.append(
            "tokens are estimated offline at 2.5 characters a token (3.4 before the 4.7 "
            "generation); costs assume that all of max_tokens is spent"
        )
        output = self.task.output
        if output is not None and output.removed:
            removed = ", ".join(output.removed)
            self.notes.append(f"not in the schema sent, enforced on the reply: {removed}")
        usd = self.task.budget.usd
        if usd is not None:
            self.notes.append(f"the run's budget of {usd} USD stops it before a dearer attempt")

    def _model(self, tier: Tier) -> Model | None:
        if tier.local:
            return None
        model = self.catalog.get(tier.model)
        if model is None:
            raise CatalogError(
                f"tier {tier.name} of task `{self.task.name}`: the catalog does not know the "
                f"model {tier.model!r}"
            )
        return model

    def _costs(
        self,
        tier: Tier,
        model: Model | None,
        prompt: int,
        tokens: BodyTokens,
        breakpoints: tuple[PlannedBreakpoint, ...],
    ) -> tuple[Decimal, Decimal]:
        """Cold (cacheable prefixes are written) and warm (they are read), for one call."""
        if model is None:
            return _ZERO, _ZERO
        minimum = (model.limits.min_cacheable_tokens or 0) if model.limits is not None else 0
        cold = worst_case(
            model,
            prompt,
            tier.max_tokens,
            at=self.today,
            cache_5m=tokens.cached("5m", minimum),
            cache_1h=tokens.cached("1h", minimum),
            speed=tier.speed,
            geography=tier.geography,
        )
        read = max((b.prefix_tokens for b in breakpoints if b.cacheable), default=0)
        usage = Usage(
            input_tokens=prompt - read,
            output_tokens=tier.max_tokens,
            cache_read_tokens=read,
        )
        warm = cost(model, usage, self.today, speed=tier.speed, geography=tier.geography)
        return cold, warm

    def _verifiers(self, tier: Tier) -> tuple[Decimal, Decimal]:
        """What judging one answer of the tier costs, at best and at worst."""
        confidence = self.task.confidence
        if confidence is None or not self.task.reads_confidence(tier):
            return _ZERO, _ZERO
        best = worst = _ZERO
        for signal in confidence.signals:
            if isinstance(signal, VerifierSignal):
                least, most = self._verifier(signal, tier)
                best += least
                worst += most
        return best, worst

    def _verifier(self, signal: VerifierSignal, tier: Tier) -> tuple[Decimal, Decimal]:
        checker = self.tasks.get(signal.task)
        if checker is None or self._depth >= _MAX_VERIFIERS:
            self.notes.append(f"verifier {signal.task}: not known here, its cost is left out")
            return _ZERO, _ZERO
        declared = checker.input.source.get("properties", {}) if checker.input is not None else {}
        values = {name: self.values[name] for name in declared if name in self.values}
        if "answer" in declared:
            values["answer"] = "(the answer)"
        try:
            values = dict(prepare_inputs(checker, values))
            planner = _Planner(
                checker,
                values,
                self.catalog,
                self.today,
                self.tasks,
                choose_start(checker, values)[0],
                extra=tier.max_tokens if "answer" in declared else 0,
                depth=self._depth + 1,
            )
        except UsageError as error:
            # The stand-in for the answer, or an input of ours, is not what the verifier takes.
            self.notes.append(f"verifier {signal.task}: cost left out, {error.message}")
            return _ZERO, _ZERO
        totals = planner.totals(tuple(planner.tier(rung) for rung in checker.tiers))
        self.notes.extend(f"verifier {signal.task}: {note}" for note in planner.notes)
        return totals

    def _note_tier(
        self,
        tier: Tier,
        model: Model | None,
        prompt: int,
        breakpoints: tuple[PlannedBreakpoint, ...],
    ) -> None:
        if model is None:
            self.notes.append(f"{tier.name}: local, counted as 0 USD")
        if (
            self.task.output is not None
            and self.task.output.wire is not None
            and not sends_schema(self.task, tier, model)
        ):
            self.notes.append(
                f"{tier.name}: {tier.model} takes no output schema; it is enforced on the reply"
            )
        for point in breakpoints:
            if not point.cacheable:
                self.notes.append(
                    f"{tier.name}: the prefix up to {point.where} is about {point.prefix_tokens} "
                    f"tokens, below the {point.minimum} that {tier.model} caches"
                )
        if model is not None and model.limits is not None:
            window = model.limits.context_window
            if prompt + tier.max_tokens > window:
                self.notes.append(
                    f"{tier.name}: about {prompt} prompt tokens and {tier.max_tokens} of output "
                    f"do not fit the {window} tokens of {tier.model}"
                )


def _breakpoints(tokens: BodyTokens, model: Model | None) -> tuple[PlannedBreakpoint, ...]:
    minimum = None if model is None or model.limits is None else model.limits.min_cacheable_tokens
    return tuple(
        PlannedBreakpoint(
            where=prefix.where,
            ttl=prefix.ttl,
            prefix_tokens=prefix.tokens,
            minimum=minimum,
            cacheable=model is not None and (minimum is None or prefix.tokens >= minimum),
        )
        for prefix in tokens.prefixes
    )
