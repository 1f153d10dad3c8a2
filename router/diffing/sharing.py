"""What many tasks have word for word: one pin in a parent is told once, not once a task."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from router.diffing.changes import Change, Report, TaskDiff

__all__ = ["Shared", "shared", "without"]

_FEWEST = 3  # tasks that have to have a line before it is told for all of them

_Line = tuple[str, Change | str]


@dataclass(frozen=True, slots=True)
class Shared:
    """Lines that the same tasks have, each as it stands in every one of them."""

    tasks: tuple[str, ...]
    changes: tuple[Change, ...]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]


def shared(report: Report) -> tuple[Shared, ...]:
    """What at least three tasks have in common, what most of them have first."""
    holders: dict[_Line, list[str]] = {}
    for task in report.tasks:
        for line in dict.fromkeys(_lines(task)):
            holders.setdefault(line, []).append(task.name)
    groups: dict[tuple[str, ...], list[_Line]] = {}
    for line, names in holders.items():
        if len(names) >= _FEWEST:
            groups.setdefault(tuple(names), []).append(line)
    most_first = sorted(groups.items(), key=lambda group: -len(group[0]))
    return tuple(_group(names, lines) for names, lines in most_first)


def without(task: TaskDiff, groups: Collection[Shared]) -> TaskDiff:
    """The task with only what is its own."""
    told = [group for group in groups if task.name in group.tasks]
    return replace(
        task,
        changes=tuple(one for one in task.changes if all(one not in g.changes for g in told)),
        warnings=tuple(one for one in task.warnings if all(one not in g.warnings for g in told)),
        notes=tuple(one for one in task.notes if all(one not in g.notes for g in told)),
    )


def _lines(task: TaskDiff) -> Iterator[_Line]:
    if task.status not in ("changed", "renamed"):
        return
    yield from (("change", change) for change in task.changes)
    yield from (("warning", warning) for warning in task.warnings)
    yield from (("note", note) for note in task.notes)


def _group(names: tuple[str, ...], lines: list[_Line]) -> Shared:
    return Shared(
        names,
        tuple(line for _, line in lines if isinstance(line, Change)),
        tuple(line for kind, line in lines if kind == "warning" and isinstance(line, str)),
        tuple(line for kind, line in lines if kind == "note" and isinstance(line, str)),
    )
