"""Which decisions of the policies the tests have seen taken, counted one by one.

Integers throughout: a share is only ever rounded down, so 100 % means all of them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from router.compiler.model import Task
from router.engine.decisions import Decision, decisions_of
from router.types import Span

__all__ = ["Coverage", "TaskCoverage", "Uncovered", "cover"]


@dataclass(frozen=True, slots=True)
class Uncovered:
    """A decision that no case has seen taken, with its place as it is reached from here."""

    decision: Decision
    words: str
    span: Span | None

    def __str__(self) -> str:
        place = f"{self.span}: " if self.span is not None else ""
        return f"{place}{self.decision.task}: uncovered: {self.words}"


@dataclass(frozen=True, slots=True)
class TaskCoverage:
    """One task's decisions."""

    task: str
    total: int
    uncovered: tuple[Uncovered, ...]

    @property
    def covered(self) -> int:
        return self.total - len(self.uncovered)


@dataclass(frozen=True, slots=True)
class Coverage:
    """The decisions of several tasks."""

    tasks: tuple[TaskCoverage, ...]

    @property
    def covered(self) -> int:
        return sum(one.covered for one in self.tasks)

    @property
    def total(self) -> int:
        return sum(one.total for one in self.tasks)

    @property
    def percent(self) -> int:
        """Rounded down."""
        return 100 * self.covered // self.total if self.total else 100

    def reaches(self, percent: int) -> bool:
        """Whether at least so many of a hundred decisions are covered."""
        return 100 * self.covered >= percent * self.total


def cover(tasks: Iterable[Task], taken: Collection[Decision], root: Path) -> Coverage:
    """What of these tasks' decisions is among those taken.

    Args:
        root: the directory that the policies' places are relative to.
    """
    return Coverage(tuple(_task(task, taken, root) for task in tasks))


def _task(task: Task, taken: Collection[Decision], root: Path) -> TaskCoverage:
    every: Mapping[Decision, Span | None] = decisions_of(task)
    missing = tuple(
        Uncovered(
            one, one.of(task), None if span is None else replace(span, file=str(root / span.file))
        )
        for one, span in every.items()
        if one not in taken
    )
    return TaskCoverage(task.name, len(every), missing)
