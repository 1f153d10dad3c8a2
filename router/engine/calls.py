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
    Reservation,
    Sleep,
    Steps,
)
from router.engine.plan import reservation
from router.engine.request import RenderedPrompt, betas, build_body
from router.engine.retrying import HARMS_CIRCUIT, RetryLoop, retryable
from router.engine.run import Run
from router.errors import (
    BudgetExceeded,
    CatalogError,
    DeadlineExceeded,
    LedgerError,
    RunError,
    UsageError,
)
from router.types import Usage

__all__ = ["USEFUL", "Calls", "default_timeout"]

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
        outcome = yield from self._once(tier, role, waited=0.0, relay=relay)
        return (yield from self._retried(tier, role, outcome, relay=relay))

    def samples(
        self, tier: Tier, role: Role, count: int, *, ahead: bool
    ) -> Steps[list[tuple[int, Outcome]]]:
        """Several answers side by side, each with its attempt's number.

        With `ahead`, the first goes alone: a cache entry can be read only once the request that
        writes it has begun to be answered, so parallel firsts would all pay for the write. Where
        the run's bounds leave room for fewer, fewer are taken; what stops the others never takes
        away an answer that is paid for.
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
        try:
            settled = yield from self._side_by_side(tier, role, count)
        except (RunError, LedgerError):
            if not outcomes:
                raise
            return outcomes
        outcomes += [item for item in settled if isinstance(item[1], Reply)]
        for number, outcome in settled:
            if isinstance(outcome, Fault):
                before = account.made
                try:
                    outcome = yield from self._retried(tier, "sample", outcome, relay=False)
                except (RunError, LedgerError):
                    if not any(isinstance(other, Reply) for _, other in outcomes):
                        raise
                outcomes.append((account.made if account.made > before else number, outcome))
        return outcomes

    def _side_by_side(self, tier: Tier, role: Role, count: int) -> Steps[list[tuple[int, Outcome]]]:
        account = self._run.account
        sampling: Role = "sample" if role == "answer" else role
        opened: list[tuple[Reservation, Request]] = []
        for _ in range(count):
            try:
                opened.append(self._open(tier, sampling, waited=0.0, relay=False))
            except RunError:
                if not opened:
                    raise
                break
        try:
            yield account.record()
        except LedgerError:
            for attempt, _ in opened:
                account.withdraw(attempt)
            raise
        account.sent = account.made
        try:
            answered = yield CallAll(tuple(request for _, request in opened))
        except UsageError as error:
            self._settle_unsent(tier, [attempt for attempt, _ in opened], error)
            raise
        return [
            (attempt.number, self._settle(tier, attempt, outcome))
            for (attempt, _), outcome in zip(opened, answered, strict=True)
        ]

    def _retried(self, tier: Tier, role: Role, outcome: Outcome, *, relay: bool) -> Steps[Outcome]:
        run = self._run
        loop: RetryLoop | None = None
        while isinstance(outcome, Fault) and retryable(outcome):
            if loop is None:
                loop = RetryLoop(self._task.retry, run.engine.random)
            room = run.room() - USEFUL
            wait = loop.wait_after(outcome, room) if room > 0 else None
            if wait is None or not self._worth_waiting(tier, wait):
                break
            if run.account.has_pending:
                yield run.account.record()
            yield Sleep(wait, self._note(tier, outcome, wait))
            # Only now: a probe's place that is held through a wait keeps others from probing.
            if not self._allowed(tier):
                break
            outcome = yield from self._once(tier, role, waited=wait, relay=relay)
        return outcome

    def _worth_waiting(self, tier: Tier, wait: float) -> bool:
        """Whether there may be another attempt after the wait; if so, it is paid for.

        Raises:
            BudgetExceeded: the run has made all its attempts.
        """
        run = self._run
        self._refuse_more_attempts(tier)
        limits = run.engine.limits
        closed_by_then = limits.circuits.retry_after(tier.model, run.engine.monotonic()) <= wait
        return closed_by_then and self._affordable(tier) and limits.retry_budget.take()

    # --- one attempt ------------------------------------------------------------------

    def check(self, tier: Tier) -> float:
        """Seconds that an attempt on this tier may take at most.

        Raises:
            DeadlineExceeded, BudgetExceeded: it may not be made.
        """
        run = self._run
        account = run.account
        room = run.room()
        if room <= 0 or (account.made and room < USEFUL):
            raise DeadlineExceeded(
                account.after_faults(
                    f"{self._task.name}/{tier.name}: {run.elapsed():.3g} s of the run's "
                    f"{run.deadline_seconds:g} s have passed"
                ),
                account.details(tier.name),
            )
        self._refuse_more_attempts(tier)
        if not self._affordable(tier):
            budget = run.request.task.budget
            raise BudgetExceeded(
                account.after_faults(
                    f"{self._task.name}/{tier.name}: the attempt may cost "
                    f"{self._body(tier)[2]:f} USD, {account.spent:f} of the run's "
                    f"{budget.usd:f} USD are spent (budget.run.usd)"
                ),
                account.details(tier.name),
            )
        return room

    def _refuse_more_attempts(self, tier: Tier) -> None:
        run = self._run
        most = run.request.task.budget.attempts
        if run.account.made >= most:
            raise BudgetExceeded(
                run.account.after_faults(
                    f"{self._task.name}/{tier.name}: the run's bound of {most} attempts "
                    "is met (budget.run.attempts)"
                ),
                run.account.details(tier.name),
            )

    def _once(self, tier: Tier, role: Role, *, waited: float, relay: bool) -> Steps[Outcome]:
        """Reserve an attempt, have it made, and account for it."""
        account = self._run.account
        attempt, request = self._open(tier, role, waited=waited, relay=relay)
        try:
            yield account.record()
        except LedgerError:
            account.withdraw(attempt)
            raise
        account.sent = attempt.number
        try:
            outcome = yield Call(request)
        except UsageError as error:
            self._settle_unsent(tier, [attempt], error)
            raise
        if relay:
            self._run.cut = None  # it has ended: a later attempt is not cut where this one was
        return self._settle(tier, attempt, outcome)

    def _open(
        self, tier: Tier, role: Role, *, waited: float, relay: bool
    ) -> tuple[Reservation, Request]:
        """Reserve an attempt.

        Raises:
            DeadlineExceeded, BudgetExceeded: it may not be made.
        """
        run = self._run
        account = run.account
        body, model, worst = self._body(tier)
        room = self.check(tier)
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

    def _settle_unsent(self, tier: Tier, opened: list[Reservation], error: UsageError) -> None:
        """No client could be built: nothing was sent, and no row may say that it may have been."""
        for attempt in opened:
            self._settle(tier, attempt, Fault(FaultKind.INVALID_REQUEST, error.message))

    def _settle(self, tier: Tier, attempt: Reservation, outcome: Outcome) -> Outcome:
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
        attempt: Reservation,
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
        self, tier: Tier, model: Model | None, attempt: Reservation, fault: Fault
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
        return account.with_one_more(self._body(tier)[2]) <= usd

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
