"""Labelled inputs, answered: by real models within a sum of money, or by what they once said."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import uuid4

from router.catalog.models import Catalog
from router.compiler.model import Task
from router.emulator.clock import ManualClock
from router.emulator.core import Emulator
from router.emulator.recordings import Recordings
from router.emulator.replies import Item
from router.emulator.request import MessageRequest
from router.emulator.script import Script
from router.emulator.transport import AsyncEmulatorTransport
from router.engine.cascade import Cascade
from router.engine.limits import Circuits, Limits, RetryBudget
from router.engine.plan import make_plan
from router.engine.run import Engine, RunRequest
from router.errors import (
    AuthFailed,
    BudgetExceeded,
    LedgerError,
    RouterError,
    SettingsError,
    UsageError,
)
from router.ledger.base import Ledger
from router.testing.driving import Outcome, conduct, hermetic_engine
from router.testing.evaluation import Trial, judged
from router.testing.recording import RecordedRun
from router.testing.suite import Case, Labelled
from router.types import Result

if TYPE_CHECKING:
    from router.claude.transport import AsyncTransport

__all__ = ["Live", "Purse", "replay"]

_NO_MONEY = "the money was spent"
_NOT_RECORDED = "not recorded"


@dataclass(slots=True)
class Purse:
    """A sum that runs side by side may spend, and never more than it."""

    limit: Decimal  # USD
    spent: Decimal = Decimal(0)
    _held: Decimal = Decimal(0)
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    @asynccontextmanager
    async def allowance(self, least: Decimal, most: Decimal) -> AsyncIterator[Allowance | None]:
        """What a run may cost: `most`, or what is left if that is enough to begin with.

        Waits while runs under way hold what is wanted. None where not even `least` is left.
        """
        async with self._changed:
            await self._changed.wait_for(lambda: not self._held or self._left() >= most)
            left = self._left()
            granted = None if left < least else Allowance(min(left, most))
            self._held += granted.usd if granted is not None else 0
        try:
            yield granted
        finally:
            if granted is not None:
                async with self._changed:
                    self._held -= granted.usd
                    self.spent += granted.spent
                    self._changed.notify_all()

    def _left(self) -> Decimal:
        return self.limit - self.spent - self._held


@dataclass(slots=True)
class Allowance:
    """What one run may spend, and what it has spent."""

    usd: Decimal
    spent: Decimal = Decimal(0)


@dataclass(slots=True)
class Live:
    """Answers labelled inputs with real models.

    Args:
        transport: to the API, or to the emulator to try the machinery.
        ledger: every attempt is recorded there, as for any other run.
        purse: what all of it may cost. A run's own budget is cut to what is left, so that the
            reservation before each attempt keeps the sum.
        keep: is given every answer as a line of a recording.
    """

    tasks: Mapping[str, Task]
    catalog: Catalog
    transport: AsyncTransport
    ledger: Ledger
    purse: Purse
    parallel: int = 4
    keep: Callable[[str], object] | None = None
    wall: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def run(self, labelled: Labelled, *, repeat: int | None = None) -> tuple[Trial, ...]:
        """Every input, `repeat` times; all of them once before any is asked again.

        Raises:
            SettingsError, AuthFailed, LedgerError: no run can be made.
        """
        engine = Engine(
            catalog=self.catalog,
            limits=Limits(RetryBudget(), Circuits(random.random)),
            monotonic=time.monotonic,
            wall=self.wall,
            random=random.random,
            emulated=self.transport.emulated,
        )
        gate = asyncio.Semaphore(self.parallel)

        async def one(case: Case, number: int) -> Trial:
            async with gate:
                return await self._trial(case, number, engine)

        rounds = range(1, (repeat or labelled.repeat) + 1)
        try:
            async with asyncio.TaskGroup() as group:
                trials = [
                    group.create_task(one(case, number))
                    for number in rounds
                    for case in labelled.cases
                ]
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None
        return tuple(trial.result() for trial in trials)

    async def _trial(self, case: Case, number: int, engine: Engine) -> Trial:
        task = self.tasks[case.task]
        today = datetime.fromtimestamp(self.wall(), UTC).date()
        try:
            plan = make_plan(task, case.inputs, catalog=self.catalog, today=today, tasks=self.tasks)
        except UsageError as error:
            return judged(case, number, Outcome(None, error))
        # Twice the worst case leaves room for retries where the policy names no budget.
        most = task.budget.usd or 2 * plan.cost_worst
        async with self.purse.allowance(plan.cost_best, most) as allowance:
            if allowance is None:
                return Trial(case, number, missing=_NO_MONEY)
            capped = replace(task, budget=replace(task.budget, usd=allowance.usd))
            ended = await conduct(
                case,
                {**self.tasks, task.name: capped},
                engine,
                self.transport,
                self.sleep,
                run_id=f"test_{uuid4().hex[:18]}",
                ledger=self.ledger,
                run=self._cascade,
            )
            outcome = _outcome(ended)
            allowance.spent = outcome.cost
        if isinstance(ended, SettingsError | AuthFailed | LedgerError):
            raise ended
        if isinstance(ended, BudgetExceeded) and allowance.usd < most:
            return Trial(case, number, missing=_NO_MONEY)
        return judged(case, number, outcome)

    def _cascade(self, request: RunRequest, engine: Engine) -> Cascade:
        return (
            Cascade(request, engine)
            if self.keep is None
            else RecordedRun(request, engine, self.keep)
        )


async def replay(
    labelled: Labelled,
    tasks: Mapping[str, Task],
    recordings: Recordings,
    catalog: Catalog,
    *,
    repeat: int | None = None,
) -> tuple[Trial, ...]:
    """Every input, answered by what was recorded for exactly its requests, none of it twice.

    A run that asks for something that was not recorded counts as not made.
    """
    trials = []
    for number in range(1, (repeat or labelled.repeat) + 1):
        for case in labelled.cases:
            source = _Noting(recordings)
            clock = ManualClock(case.now)
            emulator = Emulator(Script(strict=True), source, catalog=catalog, clock=clock)
            engine = hermetic_engine(catalog, clock)
            transport = AsyncEmulatorTransport(emulator)
            ended = await conduct(case, tasks, engine, transport, clock.asleep)
            if source.unknown:
                trials.append(Trial(case, number, missing=_NOT_RECORDED))
            else:
                trials.append(judged(case, number, _outcome(ended)))
    return tuple(trials)


@dataclass(slots=True)
class _Noting:
    """Recordings that note whether they were asked for something they do not hold."""

    recordings: Recordings
    unknown: bool = False

    def reply_to(self, request: MessageRequest) -> Item | None:
        found = self.recordings.reply_to(request)
        self.unknown = self.unknown or found is None
        return found


def _outcome(ended: Result | RouterError) -> Outcome:
    if isinstance(ended, Result):
        return Outcome(ended, None, ended.latency)
    return Outcome(None, ended)
