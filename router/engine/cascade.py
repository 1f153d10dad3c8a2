"""The step machine: one run from its first call to its result, as effects.

    start -> visit a tier -> answer -> accept | escalate to another tier | exhausted
                          -> fault  -> retry, then fall back | fail

It never awaits, sleeps or reads a clock of its own: it yields effects and is sent outcomes, so
the sync and the async driver cannot drift, and a test can send it anything.
"""

from __future__ import annotations

from decimal import Decimal

from router.catalog.pricing import cost
from router.engine.effects import Emit, Fault, Outcome, Record, Steps
from router.engine.ladder import Climbed, Ladder
from router.engine.run import Engine, Run, RunRequest
from router.errors import CatalogError, RouterError
from router.types import Discard, Result, TextDelta

__all__ = ["Cascade"]


class Cascade(Run):
    """One run. `steps()` is driven once; `abandon()` accounts for a run that is cut off."""

    def __init__(self, request: RunRequest, engine: Engine) -> None:
        super().__init__(request, engine)
        self._finished = False

    def steps(self) -> Steps[Result]:
        """The run. Its value is the result.

        Raises:
            RunError: by kind, after the run's rows have been recorded.
            UsageError: no client can be built from the deployment's settings.
            LedgerError: an attempt could not be reserved and the ledger is required.
        """
        request, account = self.request, self.account
        ladder = Ladder(request.task, request.inputs, "answer", self)
        # Whatever ends the run early is recorded with what was spent until then.
        try:
            climbed = yield from ladder.climb()
        except RouterError as error:
            self._finished = True
            yield account.record(
                account.run_row(status="failed", latency=self.elapsed(), error=type(error).__name__)
            )
            raise
        if request.streaming:
            yield from self._tell(ladder, climbed)
        result = self._result(climbed)
        self._finished = True
        yield account.record(
            account.run_row(
                status="accepted" if climbed.accepted else "unaccepted",
                latency=result.latency,
                tier=result.tier,
                model=result.model,
                confidence=result.confidence,
                error=None if climbed.accepted else climbed.reason,
                top_cost=self._top_cost(climbed),
            )
        )
        return result

    def note_cut(self, outcome: Outcome | None) -> None:
        """How far a relayed attempt had come, should the run be abandoned now."""
        self.cut = outcome if isinstance(outcome, Fault) else None

    def abandon(self) -> Record | None:
        """The record of a run that was cut off; None where nothing is left to say.

        For the driver, which closes the generator: a closed generator may not yield.
        """
        if self._finished or not self.account.made:
            return None
        self._finished = True
        return self.account.cancel(self.engine.wall(), self.elapsed(), self.cut)

    def _tell(self, ladder: Ladder, climbed: Climbed) -> Steps[None]:
        """Pass on the text of an answer that was held back, or replaced at the very end."""
        if climbed.relayed:
            return
        if ladder.showing is not None:
            yield Emit(Discard(ladder.showing, climbed.reason or "another answer was taken"))
        if climbed.text:
            yield Emit(TextDelta(climbed.text, climbed.tier))

    def _result(self, climbed: Climbed) -> Result:
        account = self.account
        return Result(
            output=climbed.output,
            text=climbed.text,
            content=climbed.content,
            task=self.request.task.name,
            tier=climbed.tier,
            model=climbed.model,
            confidence=climbed.confidence,
            accepted=climbed.accepted,
            left=tuple(climbed.left),
            attempts=account.attempts,
            usage=account.usage(),
            cost=account.spent,
            latency=self.elapsed(),
            run_id=account.run_id,
            revision=account.revision,
            stop_reason=climbed.stop_reason,
            tags=self.request.tags,
            emulated=account.emulated,
            reason=climbed.reason,
        )

    def _top_cost(self, climbed: Climbed) -> Decimal:
        """What the top tier alone would have cost for the tokens of the answer taken."""
        top = self.request.task.tiers[-1]
        model = None if top.local else self.engine.catalog.get(top.model)
        if model is None or climbed.usage is None:
            return Decimal(0)
        try:
            return cost(model, climbed.usage, self.today, speed=top.speed, geography=top.geography)
        except CatalogError:
            return Decimal(0)  # a comparison that cannot be made is no reason to lose the answer
