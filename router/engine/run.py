"""One run as its parts share it: what was asked, what runs have in common, time, the account."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from msgspec import Struct

from router.catalog.models import Catalog
from router.compiler.model import Task
from router.engine.account import Account
from router.engine.decisions import Decided
from router.engine.effects import Fault
from router.engine.limits import Limits

__all__ = ["Engine", "Run", "RunRequest"]


@dataclass(frozen=True, slots=True)
class Engine:
    """What runs share: facts, limits, time and randomness as arguments."""

    catalog: Catalog
    limits: Limits
    monotonic: Callable[[], float]  # seconds, for deadlines and waits
    wall: Callable[[], float]  # seconds since the epoch, for prices and the ledger
    random: Callable[[], float]  # in [0, 1), for jitter
    emulated: bool = False
    keep_text: bool = False  # prompts and answers go into the ledger too
    decided: Decided | None = None  # is told what the ladder decides, for coverage by tests


class RunRequest(Struct, frozen=True):
    """One `run`, checked: `inputs` have passed `prepare_inputs`."""

    task: Task
    inputs: Mapping[str, Any]
    tasks: Mapping[str, Task]  # the policy set's, for verifiers
    run_id: str
    tags: Mapping[str, str]
    deadline: float | None = None  # seconds from now; the nearer of this and the policy's holds
    tier: str | None = None  # start here, whatever the start rules say
    streaming: bool = False


@lru_cache(maxsize=8)
def _day(number: int) -> date:
    """The day (UTC) that begins so many days after the epoch."""
    return date.fromordinal(_EPOCH + number)


_EPOCH = date(1970, 1, 1).toordinal()


class Run:
    """One run under way. Its account changes, everything else stands."""

    def __init__(self, request: RunRequest, engine: Engine) -> None:
        self.request = request
        self.engine = engine
        task = request.task
        self.started = engine.monotonic()
        wall = engine.wall()
        seconds = task.budget.deadline
        if request.deadline is not None and (seconds is None or request.deadline < seconds):
            seconds = request.deadline
        self.deadline_seconds = seconds
        self.deadline = None if seconds is None else self.started + seconds
        self.today = _day(int(wall // 86_400))
        self.cut: Fault | None = None  # how far a relayed attempt under way had come
        self.account = Account(
            run_id=request.run_id,
            task=task.name,
            revision=task.revision,
            tags=request.tags,
            started_at=wall,
        )

    def elapsed(self) -> float:
        return self.engine.monotonic() - self.started

    def room(self) -> float:
        """Seconds until the deadline; infinite without one."""
        if self.deadline is None:
            return float("inf")
        return self.deadline - self.engine.monotonic()
