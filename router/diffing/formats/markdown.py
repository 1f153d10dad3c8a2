"""Markdown for a pull-request comment: a table to glance at, the rest folded away.

Policies are text of others: nothing in them may become markup, a link, a mention or a reference.
Inline it is escaped character by character, diffs stand in fences that they cannot close.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from router.diffing.changes import Change, Report, TaskDiff
from router.diffing.formats.words import (
    OF_COSTS,
    cache_line,
    change_line,
    cost_cell,
    cost_lines,
    headline,
    shared_by,
    traffic_lines,
)
from router.diffing.sharing import Shared, shared, without
from router.diffing.texts import printable
from router.types import Finding

__all__ = ["MOST_CHARACTERS", "render"]

MOST_CHARACTERS: Final = 60_000  # GitHub takes 65,536 for one comment
_TABLE: Final = MOST_CHARACTERS // 2
_MOST_FINDINGS: Final = 20

_MARKUP: Final = {ord(c): f"&#{ord(c)};" for c in "&<>`|*_[]~\\!$\"'"}
# A mention, a reference and a link are looked for in what is shown, so a character that has no
# width has to stand in them.
_BREAK: Final = "\N{ZERO WIDTH SPACE}"
_LINKS: Final = re.compile(r"([@#]|GH-|www\.|://)")
_FENCE: Final = re.compile(r"`{3,}")


def render(report: Report) -> str:
    """The report for a code host; what does not fit into one comment is counted, not shown."""
    groups = () if report.broken else shared(report)
    head = "\n".join(_head(report)) + "\n"
    room = MOST_CHARACTERS - len(head)
    parts = []
    for group in groups:
        part = "\n".join(_shared(group)) + "\n"
        if len(part) > room // 2:  # too much to tell once: each task tells it
            groups = tuple(one for one in groups if one is not group)
            continue
        room -= len(part)
        parts.append(part)
    for number, task in enumerate(report.tasks if not report.broken else ()):
        part = "\n".join(_details(task, groups)) + "\n"
        if len(part) > room - 200:
            left = len(report.tasks) - number
            parts.append(f"\nDetails of {left} more are left out: they do not fit a comment.\n")
            break
        room -= len(part)
        parts.append(part)
    return head + "".join(parts)


def _head(report: Report) -> Iterator[str]:
    yield "### Policy diff"
    yield ""
    yield f"{_inline(report.old)} → {_inline(report.new)}"
    for note in report.notes:
        yield ""
        yield f"Note: {_inline(note)}"
    for side, findings in report.broken:
        yield ""
        yield f"**{_inline(side)} cannot be used:**"
        yield ""
        yield from _findings(findings)
    if report.broken:
        return
    yield ""
    yield f"**{_inline(headline(report))}**"
    if report.tasks:
        yield ""
        yield "| task | what happens | a run at worst |"
        yield "|---|---|---|"
        yield from _rows(report)
    if any(task.bounds for task in report.tasks):
        yield from ("", f"{OF_COSTS[0].upper()}{OF_COSTS[1:]}.")
    if report.layout:
        yield ""
        yield from (f"- {_inline(file)}" for file in report.layout)
    if report.warnings:
        yield ""
        yield "**Warnings that are new:**"
        yield ""
        yield from _findings(report.warnings)


def _rows(report: Report) -> Iterator[str]:
    room = _TABLE
    for number, task in enumerate(report.tasks):
        cells = (task.name, task.verdict, cost_cell(task))
        row = f"| {' | '.join(_inline(cell) for cell in cells)} |"
        room -= len(row)
        if room < 0:
            yield f"| … | {len(report.tasks) - number} more | |"
            return
        yield row


def _findings(findings: tuple[Finding, ...]) -> Iterator[str]:
    for finding in findings[:_MOST_FINDINGS]:
        yield f"- {_inline(str(finding))}"
    if len(findings) > _MOST_FINDINGS:
        yield f"- … and {len(findings) - _MOST_FINDINGS} more"


def _shared(group: Shared) -> Iterator[str]:
    said = shared_by(group)
    yield ""
    yield f"**{_inline(said[0].upper() + said[1:])}:**"
    yield ""
    yield from _lines(group.changes)
    yield from _advice(group)


def _details(task: TaskDiff, groups: tuple[Shared, ...]) -> Iterator[str]:
    own = without(task, groups)
    yield ""
    yield f"<details><summary>{_inline(task.name)}</summary>"
    yield ""
    yield from _lines(own.changes)
    yield from (f"- cache: {_inline(cache_line(cache))}" for cache in task.caches)
    yield from (f"- cost: {_inline(line)}" for line in cost_lines(task))
    if task.traffic is not None:
        yield from (f"- traffic: {_inline(line)}" for line in traffic_lines(task.traffic))
    yield from _advice(own)
    yield ""
    yield "</details>"


def _advice(told: TaskDiff | Shared) -> Iterator[str]:
    yield from (f"- **warning**: {_inline(warning)}" for warning in told.warnings)
    yield from (f"- note: {_inline(note)}" for note in told.notes)


def _lines(changes: tuple[Change, ...]) -> Iterator[str]:
    for change in changes:
        yield from _change(change)


def _change(change: Change) -> Iterator[str]:
    kind = f"**{change.kind.value}**" if change.breaks == "yes" else change.kind.value
    yield f"- {kind}: {_inline(change_line(change))}"
    yield from (f"  - {_inline(reason)}" for reason in change.reasons)
    if change.diff:
        lines = [printable(line) for line in change.diff]
        ticks = max((len(run) for line in lines for run in _FENCE.findall(line)), default=2)
        fence = "`" * (ticks + 1)
        yield ""
        yield f"  {fence}diff"
        yield from (f"  {line}" for line in lines)
        yield f"  {fence}"
        yield ""


def _inline(text: str) -> str:
    """Text on one line that is only text, whatever the host makes of Markdown and HTML."""
    flat = " ".join(printable(text).split())
    return _LINKS.sub(lambda found: _broken(found[0]), flat).translate(_MARKUP)


def _broken(start: str) -> str:
    return f"{start[0]}{_BREAK}{start[1:]}"
