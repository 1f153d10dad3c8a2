"""One case, run: the policy's own step machine, an emulator in Claude's place, a clock by hand.

Nothing from outside gets in: no environment, no ledger, no network, no time, no chance. Retry
budget and circuits are the case's own.
"""

from __future__ import annotations

from asyncio import Runner
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING, Self

from router.catalog.models import Catalog
from router.compiler.model import Task
from router.drivers import adrive
from router.emulator.clock import ManualClock
from router.emulator.core import Emulator
from router.emulator.request import MessageRequest
from router.emulator.transport import AsyncEmulatorTransport
from router.engine.cascade import Cascade
from router.engine.decisions import Decided, Decision
from router.engine.inputs import prepare_inputs
from router.engine.limits import Circuits, Limits, RetryBudget
from router.engine.run import Engine, RunRequest
from router.errors import RouterError, RunError
from router.ledger.base import Ledger, NullLedger
from router.testing.replies import GivenReplies
from router.testing.suite import Case, ScriptedTier
from router.types import Attempt, Result

if TYPE_CHECKING:
    from router.claude.transport import AsyncTransport

__all__ = ["Outcome", "Stage", "conduct", "hermetic_engine"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a case: a result or an error, and how.

    `unscripted` says which requests had no reply, `unused` which replies no request: of which
    tier, and how many were used out of how many.
    """

    result: Result | None
    error: RouterError | None
    latency: float = 0.0  # seconds
    requests: tuple[MessageRequest, ...] = ()
    decisions: frozenset[Decision] = frozenset()
    unscripted: tuple[str, ...] = ()
    unused: tuple[tuple[ScriptedTier, int, int], ...] = ()

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """Every request that was made, whether or not the run had a result."""
        if self.result is not None:
            return self.result.attempts
        return self.error.details.attempts if isinstance(self.error, RunError) else ()

    @property
    def cost(self) -> Decimal:
        """USD, every attempt included."""
        return sum((one.cost for one in self.attempts), Decimal(0))


@dataclass(slots=True)
class Stage:
    """Where cases of one policy set are run. To be closed: it holds an event loop.

    Samples are made side by side: on a loop and a clock of our own their order is the same in
    every run, and their times overlap as they would in life.
    """

    tasks: Mapping[str, Task]
    catalog: Catalog
    _runner: Runner = field(default_factory=Runner)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the event loop."""
        self._runner.close()

    def run(self, case: Case) -> Outcome:
        """Run a case against its scripted replies."""
        replies = GivenReplies(case.replies)
        clock = ManualClock(case.now)
        emulator = Emulator(None, replies, catalog=self.catalog, clock=clock)
        decisions: set[Decision] = set()
        engine = hermetic_engine(self.catalog, clock, decisions.add)
        transport = AsyncEmulatorTransport(emulator)
        ended = self._runner.run(conduct(case, self.tasks, engine, transport, clock.asleep))
        return Outcome(
            result=ended if isinstance(ended, Result) else None,
            error=None if isinstance(ended, Result) else ended,
            latency=clock.monotonic(),
            requests=tuple(emulator.requests),
            decisions=frozenset(decisions),
            unscripted=tuple(replies.unscripted),
            unused=tuple(replies.unused()),
        )


def hermetic_engine(catalog: Catalog, clock: ManualClock, decided: Decided | None = None) -> Engine:
    """An engine whose time and chance are the same in every run, with limits of its own."""
    draw = Random(0).random  # noqa: S311 - jitter, no secret
    return Engine(
        catalog=catalog,
        limits=Limits(RetryBudget(), Circuits(draw)),
        monotonic=clock.monotonic,
        wall=clock.time,
        random=draw,
        emulated=True,
        decided=decided,
    )


async def conduct(
    case: Case,
    tasks: Mapping[str, Task],
    engine: Engine,
    transport: AsyncTransport,
    sleep: Callable[[float], Awaitable[None]],
    *,
    run_id: str | None = None,
    ledger: Ledger | None = None,
    run: Callable[[RunRequest, Engine], Cascade] = Cascade,
) -> Result | RouterError:
    """Run a case over any transport; an error that a caller would meet is a value here."""
    task = tasks[case.task]
    try:
        request = RunRequest(
            task=task,
            inputs=prepare_inputs(task, case.inputs),
            tasks=tasks,
            run_id=run_id or f"test-{case.name}",
            tags={**task.tags, **case.tags},
            deadline=case.deadline,
            tier=case.tier,
        )
        return await adrive(run(request, engine), transport, ledger or NullLedger(), sleep)
    except RouterError as error:
        return error
