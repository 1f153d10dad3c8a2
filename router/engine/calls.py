"""The calls of one ladder: bounds checked, reserved, made, settled, retried."""

from __future__ import annotations

from decimal import Decimal

from router.catalog.models import Model
from router.catalog.pricing import cost
from router.compiler.model import Task, Tier
from router.engine.account import Charge, Role
from router.engine.effects import (
    Call,
    CallAll,
    Fault,
    FaultKind,
    Outcome,
    Reply,
    Request,
    Sleep,
    Steps,
)
from router.engine.plan import reservation
from router.engine.request import RenderedPrompt, betas, build_body
from router.engine.retrying import HARMS_CIRCUIT, RetryLoop, retryable
from router.engine.run import Run
from router.errors import BudgetExceeded, CatalogError, DeadlineExceeded, UsageError
from router.types import Attempt, Usage

__all__ = ["Calls", "default_timeout"]

USEFUL = 0.25
"""Seconds a deadline must leave for a further attempt to be worth its price."""

_NOTHING = Decimal(0)


def default_timeout(max_tokens: int) -> float:
    """Seconds one attempt may take where the policy does not say.

    The SDK expects 3600 s for 128,000 tokens (`_calculate_nonstreaming_timeout`); a minute is
    the least, for thinking and queueing.
    """
    return max(60.0, 3600.0 * max_tokens / 128_000)


class Calls:
    """Makes the calls of one task within one run; bodies and worst cases are built once a tier."""

    def __init__(self, task: Task, rendered: RenderedPrompt, run: Run) -> None:
        self._task = task
        self._rendered = rendered
        self._run = run
        self._built: dict[str, tuple[dict[str, object], Model | None, Decimal]] = {}

    def answer(self, tier: Tier, role: Role, *, relay: bool = False) -> Steps[Outcome]:
        """One answer from a tier, retried as its policy says."""
        if not self._allowed(tier):
            return self._circuit_open(tier)
        attempt, request = self._open(tier, role, waited=0.0, relay=relay)
        yield self._run.account.record()
        outcome = yield from self._make(tier, attempt, request)
        return (yield from self._retried(tier, role, outcome, relay=relay))

    def samples(
        self, tier: Tier, role: Role, count: int, *, ahead: bool
    ) -> Steps[list[tuple[int, Outcome]]]:
        """Several answers side by side, each with its attempt's number.

        With `ahead`, the first goes alone: a cache entry can be read only once the request that
        writes it has begun to be answered, so parallel firsts would all pay for the write.
        """
        account = self._run.account
        outcomes: list[tuple[int, Outcome]] = []
        if ahead:
            first = yield from self.answer(tier, role)
            outcomes.append((account.made, first))
            if isinstance(first, Fault):
                return outcomes
            count -= 1
        elif not self._allowed(tier):
            return [(account.made, self._circuit_open(tier))]
        opened = [
            self._open(tier, "sample" if role == "answer" else role, waited=0.0, relay=False)
            for _ in range(count)
        ]
        yield account.record()
        answered = yield CallAll(tuple(request for _, request in opened))
        settled = [
            (attempt, self._settle(tier, attempt, outcome))
            for (attempt, _), outcome in zip(opened, answered, strict=True)
        ]
        for attempt, outcome in settled:
            if isinstance(outcome, Fault):
                before = account.made
                again = yield from self._retried(tier, "sample", outcome, relay=False)
                number = account.made if account.made > before else attempt.number
                outcomes.append((number, again))
            else:
                outcomes.append((attempt.number, outcome))
        return outcomes

    def _retried(self, tier: Tier, role: Role, outcome: Outcome, *, relay: bool) -> Steps[Outcome]:
        run = self._run
        loop: RetryLoop | None = None
        while isinstance(outcome, Fault) and retryable(outcome):
            if loop is None:
                loop = RetryLoop(self._task.retry, run.engine.random)
            wait = loop.wait_after(outcome, run.room() - USEFUL)
            if wait is None or run.room() < USEFUL or not self._allowed(tier):
                break
            if not self._affordable(tier) or not run.engine.limits.retry_budget.take():
                break
            if run.account.has_pending:
                yield run.account.record()
            yield Sleep(wait, self._note(tier, outcome, wait))
            attempt, request = self._open(tier, role, waited=wait, relay=relay)
            yield run.account.record()
            outcome = yield from self._make(tier, attempt, request)
        return outcome

    # --- one attempt ------------------------------------------------------------------

    def _open(
        self, tier: Tier, role: Role, *, waited: float, relay: bool
    ) -> tuple[Attempt, Request]:
        """Reserve an attempt.

        Raises:
            DeadlineExceeded, BudgetExceeded: it may not be made.
        """
        run = self._run
        account = run.account
        body, model, worst = self._body(tier)
        room = run.room()
        if room <= 0 or (account.made and room < USEFUL):
            raise DeadlineExceeded(
                f"{self._task.name}/{tier.name}: {run.elapsed():.3g} s of the run's "
                f"{run.deadline_seconds:g} s have passed",
                account.details(tier.name),
            )
        budget = run.request.task.budget
        if account.made >= budget.attempts:
            raise BudgetExceeded(
                f"{self._task.name}/{tier.name}: the run's bound of {budget.attempts} attempts "
                "is met (budget.run.attempts)",
                account.details(tier.name),
            )
        if budget.usd is not None and account.spent + account.reserved + worst > budget.usd:
            raise BudgetExceeded(
                f"{self._task.name}/{tier.name}: the attempt may cost {worst:f} USD, "
                f"{account.spent:f} of the run's {budget.usd:f} USD are spent (budget.run.usd)",
                account.details(tier.name),
            )
        attempt = account.reserve(
            task=self._task.name,
            tier=tier.name,
            model=tier.model,
            worst=worst,
            role=role,
            waited=waited,
            now=run.engine.wall(),
            emulated=run.engine.emulated,
        )
        request = Request(
            model=tier.model,
            body=body,
            timeout=min(tier.timeout or default_timeout(tier.max_tokens), room),
            run_id=account.run_id,
            attempt=attempt.number,
            tier=tier.name,
            task=self._task.name,
            relay=relay,
            betas=betas(tier, model),
        )
        return attempt, request

    def _make(self, tier: Tier, attempt: Attempt, request: Request) -> Steps[Outcome]:
        """Have an attempt made, and account for it."""
        try:
            outcome = yield Call(request)
        except UsageError as error:
            # No client could be built: nothing was sent, and the row must not say it may have been.
            self._settle(tier, attempt, Fault(FaultKind.INVALID_REQUEST, error.message))
            raise
        return self._settle(tier, attempt, outcome)

    def _settle(self, tier: Tier, attempt: Attempt, outcome: Outcome) -> Outcome:
        """Account for an attempt; an answer by another model is a fault if the policy says."""
        run = self._run
        body, model, _ = self._body(tier)
        limits = run.engine.limits
        served: str | None = None
        if isinstance(outcome, Reply):
            limits.retry_budget.success()
            failed = False
            if model is not None and outcome.model != model.id:
                served = self._served(outcome, model)
        else:
            failed = outcome.kind in HARMS_CIRCUIT
        limits.circuits.record(tier.model, failed, run.engine.monotonic())
        charge = self._charge(tier, model, attempt, outcome, served)
        run.account.settle(attempt, outcome, charge, served)
        if run.engine.keep_text:
            run.account.keep_text(attempt, body, outcome)
        if served is not None and self._task.strict_model:
            return Fault(
                FaultKind.INVALID_REQUEST,
                f"the answer names model {served}, the policy pins {tier.model} (strict_model)",
                request_id=outcome.request_id,
                emulated=outcome.emulated,
            )
        return outcome

    def _charge(
        self,
        tier: Tier,
        model: Model | None,
        attempt: Attempt,
        outcome: Outcome,
        served: str | None,
    ) -> Charge:
        if isinstance(outcome, Fault):
            return self._charge_fault(tier, model, attempt, outcome)
        usage = outcome.usage
        if tier.local or model is None:
            return Charge(_NOTHING, usage, outcome.usage_known)
        if not outcome.usage_known:
            return Charge(attempt.cost, usage, known=False)
        speed: str | None = tier.speed
        geography = tier.geography
        if outcome.service is not None:
            speed = outcome.service.get("speed") or speed
            geography = outcome.service.get("inference_geo") or geography
        try:
            price = cost(model, usage, self._run.today, speed=speed, geography=geography)
            other = None if served is None else self._run.engine.catalog.get(served)
            if other is not None:
                price = max(price, cost(other, usage, self._run.today))
        except CatalogError:
            # Served on terms that the catalog has no price for: an answer is not lost over it.
            return Charge(attempt.cost, usage, known=False)
        return Charge(price, usage, known=True)

    def _charge_fault(
        self, tier: Tier, model: Model | None, attempt: Attempt, fault: Fault
    ) -> Charge:
        usage = fault.usage or Usage()
        if tier.local or model is None:
            return Charge(_NOTHING, usage, known=False)
        if not fault.maybe_billed:
            return Charge(_NOTHING, usage, known=True)
        if fault.usage is None:
            return Charge(attempt.cost, usage, known=False)
        # What went in is known, what came out is not: the ceiling is the honest bound.
        ceiling = Usage(
            usage.input_tokens,
            max(tier.max_tokens, usage.output_tokens),
            usage.cache_write_5m_tokens,
            usage.cache_write_1h_tokens,
            usage.cache_read_tokens,
        )
        price = cost(model, ceiling, self._run.today, speed=tier.speed, geography=tier.geography)
        return Charge(price, usage, known=False)

    def _served(self, reply: Reply, model: Model) -> str | None:
        """The model that answered, where it is not the pin by any of its names."""
        catalog = self._run.engine.catalog
        if (
            catalog.aliases.get(reply.model) == model.id
            or reply.model in model.platform_ids.values()
        ):
            return None
        return reply.model

    # --- what may be made -------------------------------------------------------------

    def _body(self, tier: Tier) -> tuple[dict[str, object], Model | None, Decimal]:
        built = self._built.get(tier.name)
        if built is None:
            model = None if tier.local else self._run.engine.catalog.get(tier.model)
            body = build_body(self._task, tier, self._rendered, model=model)
            worst = reservation(tier, model, body, self._run.today)
            built = self._built[tier.name] = (body, model, worst)
        return built

    def _affordable(self, tier: Tier) -> bool:
        usd = self._run.request.task.budget.usd
        if usd is None:
            return True
        account = self._run.account
        return account.spent + account.reserved + self._body(tier)[2] <= usd

    def _allowed(self, tier: Tier) -> bool:
        engine = self._run.engine
        return engine.limits.circuits.allow(tier.model, engine.monotonic())

    def _circuit_open(self, tier: Tier) -> Fault:
        engine = self._run.engine
        return Fault(
            FaultKind.CIRCUIT_OPEN,
            f"the circuit of {tier.model} is open after many faults; nothing was sent",
            retry_after=engine.limits.circuits.retry_after(tier.model, engine.monotonic()),
        )

    def _note(self, tier: Tier, fault: Fault, wait: float) -> str:
        return (
            f"run {self._run.account.run_id} {self._task.name}/{tier.name}: retry in {wait:.2f} s "
            f"after {fault.kind.value} (request {fault.request_id or 'without id'})"
        )
