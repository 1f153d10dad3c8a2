"""Labelled inputs, answered: by real models within a sum of money, or by what they once said."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from itertools import product
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
from router.engine.run import Engine, RunRequest
from router.errors import AuthFailed, LedgerError, RouterError, SettingsError
from router.ledger.base import Ledger
from router.policy.findings import escaped
from router.testing.driving import Outcome, conduct, hermetic_engine
from router.testing.evaluation import Trial, judged
from router.testing.purse import Paying, Purse
from router.testing.recording import RecordedRun
from router.testing.suite import Case, Labelled
from router.types import Result

if TYPE_CHECKING:
    from router.claude.transport import AsyncTransport

__all__ = ["Live", "replay"]

_NO_MONEY = "too little money is left"
_NOT_RECORDED = "not recorded"


@dataclass(slots=True)
class Live:
    """Answers labelled inputs with real models.

    Args:
        transport: to the API, or to the emulator to try the machinery.
        ledger: every attempt is recorded there, as for any other run.
        purse: what all of it may cost.
        keep: is given every answer as a line of a recording.
        keep_text: prompts and answers go into the ledger too.
        stopped: why no run can be made any more: the key, the account, or the ledger.
    """

    catalog: Catalog
    transport: AsyncTransport
    ledger: Ledger
    purse: Purse
    parallel: int = 4
    keep: Callable[[str], object] | None = None
    keep_text: bool = False
    stopped: RouterError | None = None
    monotonic: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def run(
        self, labelled: Labelled, tasks: Mapping[str, Task], *, repeat: int | None = None
    ) -> tuple[Trial, ...]:
        """Every input, `repeat` times; all of them once before any is asked again.

        After a fault that every further run would meet, `stopped`, no more are begun.
        """
        engine = Engine(
            catalog=self.catalog,
            limits=Limits(RetryBudget(), Circuits(random.random)),
            monotonic=self.monotonic,
            wall=self.wall,
            random=random.random,
            emulated=self.transport.emulated,
            keep_text=self.keep_text,
        )
        rounds = range(1, (repeat or labelled.repeat) + 1)
        waiting = enumerate(product(rounds, labelled.cases))
        trials: dict[int, Trial] = {}

        async def work() -> None:
            for index, (number, case) in waiting:
                trials[index] = await self._trial(case, number, tasks, engine)

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self.parallel):
                    group.create_task(work())
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None
        return tuple(trials[index] for index in sorted(trials))

    async def _trial(
        self, case: Case, number: int, tasks: Mapping[str, Task], engine: Engine
    ) -> Trial:
        if self.stopped is not None:
            return Trial(case, number, missing=_reason(self.stopped))
        paying = Paying(self.ledger, self.purse, engine.monotonic)
        ended = await conduct(
            case,
            tasks,
            replace(engine, monotonic=paying.clock),
            self.transport,
            self.sleep,
            run_id=f"test_{uuid4().hex[:18]}",
            ledger=paying,
            run=self._cascade,
        )
        if paying.refused:  # perhaps in the middle: the run then made do with what it had
            return Trial(case, number, missing=_NO_MONEY, cost=paying.spent)
        if isinstance(ended, SettingsError | AuthFailed | LedgerError):
            self.stopped = self.stopped or ended
            return Trial(case, number, missing=_reason(self.stopped), cost=paying.spent)
        return judged(case, number, _outcome(ended), paying.spent)

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
                outcome = _outcome(ended)
                trials.append(judged(case, number, outcome, outcome.cost))
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


def _reason(error: RouterError) -> str:
    """Why runs were not made, on one line that a terminal may print."""
    return escaped(" ".join(error.message.split()))


def _outcome(ended: Result | RouterError) -> Outcome:
    if isinstance(ended, Result):
        return Outcome(ended, None, ended.latency)
    return Outcome(None, ended)
