"""What a comparison found, as values: changes, costs, caches, one report over all tasks."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from router.types import Finding

__all__ = [
    "Bounds",
    "Breaks",
    "Change",
    "ColdCache",
    "Kind",
    "Report",
    "TaskDiff",
    "TierCost",
    "Traffic",
]

Breaks = Literal["no", "may", "yes"]


class Kind(StrEnum):
    """What a change is about, gravest first: the order in which changes are told."""

    TASK = "task"  # added, removed, renamed
    MODEL = "model"
    INPUT = "input"
    OUTPUT = "output"
    PROMPT = "prompt"
    TOOLS = "tools"
    LADDER = "ladder"  # tiers, fallbacks, what escalates, what is given in the end
    THRESHOLD = "threshold"
    CONDITION = "condition"
    START = "start"
    CONFIDENCE = "confidence"
    CEILING = "ceiling"
    SETTING = "setting"  # effort, thinking, service, speed, geography, stop sequences, streaming
    BUDGET = "budget"
    DEADLINE = "deadline"
    RETRY = "retry"
    CACHE = "cache"  # breakpoints
    LABEL = "label"  # tags and reasons, recorded with each run; descriptions and owners, nowhere
    SPELLING = "spelling"  # the same, written in another way


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between two states of a task.

    Args:
        where: the part of the task, such as `tier haiku` or `system[1]`; empty for all of it.
        what: a phrase without a full stop: `max_tokens 512 → 1024`.
        behaves: whether runs may go, cost or answer otherwise for it.
        breaks: for contracts, whether callers (input) or consumers (output) break.
        reasons: why it breaks or may break, and what else there is to know.
        diff: lines of a text as a unified diff, shortened.
        escalates: 1 where more runs go on to the next tier for it, -1 where fewer do.
    """

    kind: Kind
    where: str
    what: str
    behaves: bool = True
    breaks: Breaks = "no"
    reasons: tuple[str, ...] = ()
    diff: tuple[str, ...] = ()
    escalates: Literal[-1, 0, 1] = 0


@dataclass(frozen=True, slots=True)
class ColdCache:
    """Prefixes of one tier that no cache holds when the new policies go live.

    Args:
        breakpoints: where they end, such as `system[1]`.
        tokens: to be written once, estimated.
        cost: of that one write, in USD; None without a price.
        sure: False where the API may, but need not, drop what is cached.
        first: nothing was cached before: no cache is lost, one begins.
    """

    tier: str
    model: str
    breakpoints: tuple[str, ...]
    tokens: int
    cost: Decimal | None
    why: str
    sure: bool = True
    first: bool = False


@dataclass(frozen=True, slots=True)
class TierCost:
    """The most that one attempt on a tier costs before and after, in USD; None where unknown."""

    tier: str
    before: Decimal | None
    after: Decimal | None


@dataclass(frozen=True, slots=True)
class Bounds:
    """Cost bounds of a run with inputs at their longest, in USD; estimates. None: no such task.

    `best`: the first tier answers at once, its caches warm. `worst`: the dearest way up the
    ladder, cold, samples and verifiers included, without retries. Both spend all of max_tokens.
    Inputs in `unmeasured` have no bound and count nothing.
    """

    best_before: Decimal | None
    best_after: Decimal | None
    worst_before: Decimal | None
    worst_after: Decimal | None
    tiers: tuple[TierCost, ...] = ()
    unmeasured: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Traffic:
    """What a month of the recorded traffic would cost under each side, in USD.

    Args:
        runs, attempts: recorded in the window.
        days: that the window covers.
        before, after: of 30 days.
        escalations: more (or fewer) escalations a month that changed thresholds bring.
        emulated: attempts whose replies were not real.
        assumptions: what the figures rest on.
    """

    runs: int
    attempts: int
    days: float
    before: Decimal
    after: Decimal
    escalations: float = 0.0
    emulated: int = 0
    assumptions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TaskDiff:
    """Everything that changes for one task.

    `warnings` are to be looked at before the change goes live, `notes` are good to know.
    """

    name: str
    status: Literal["added", "removed", "renamed", "changed"]
    changes: tuple[Change, ...]
    verdict: str = ""
    old_name: str | None = None  # renamed
    caches: tuple[ColdCache, ...] = ()
    bounds: Bounds | None = None
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    traffic: Traffic | None = None

    @property
    def behaves(self) -> bool:
        """Whether runs may go, cost or answer otherwise."""
        return any(change.behaves for change in self.changes)

    @property
    def breaks(self) -> bool:
        """Whether callers or consumers are sure to break."""
        return any(change.breaks == "yes" for change in self.changes)


@dataclass(frozen=True, slots=True)
class Report:
    """The whole comparison.

    Args:
        tasks: those that differ, what breaks first.
        same: how many tasks have nothing to tell.
        broken: findings of a side that does not compile, files as they are reached from here;
            then nothing else is told.
        warnings: lint findings of NEW that OLD does not have.
        layout: files that differ although no task does: comments, layout, or of no use.
    """

    old: str
    new: str
    tasks: tuple[TaskDiff, ...] = ()
    same: int = 0
    broken: tuple[tuple[str, tuple[Finding, ...]], ...] = ()
    warnings: tuple[Finding, ...] = ()
    layout: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def exit_code(self) -> int:
        """0 nothing behaves differently, 1 something does, 2 a side does not compile."""
        if self.broken:
            return 2
        return 1 if any(task.behaves for task in self.tasks) else 0
