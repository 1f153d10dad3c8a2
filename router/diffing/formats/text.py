"""Text for people: one line a task, and below it what, why and at what cost."""

from __future__ import annotations

from collections.abc import Iterator

from router.diffing.changes import Change, Report, TaskDiff
from router.diffing.formats.words import (
    OF_COSTS,
    cache_line,
    change_line,
    cost_lines,
    headline,
    shared_by,
    traffic_lines,
)
from router.diffing.sharing import Shared, shared, without
from router.diffing.texts import printable
from router.lint.report import Report as LintReport
from router.lint.reporters import text as lint_text

__all__ = ["render"]

_RED, _YELLOW, _GREEN, _BOLD, _DIM, _PLAIN = (f"\x1b[{code}m" for code in (31, 33, 32, 1, 2, 0))


def render(report: Report, *, color: bool = False) -> str:
    """The report for a terminal or a pipe; text of policies cannot move the cursor."""
    lines = [*_Text(color).report(report)]
    return "\n".join(lines) + "\n"


class _Text:
    def __init__(self, color: bool) -> None:
        self._color = color

    def report(self, report: Report) -> Iterator[str]:
        for side, findings in report.broken:
            yield f"{side} cannot be used:"
            yield ""
            yield lint_text.render(LintReport(findings), color=self._color).rstrip("\n")
        yield from (f"note: {note}" for note in report.notes)
        if report.broken:
            return
        yield self._paint(f"{report.old} → {report.new}: {printable(headline(report))}", _BOLD)
        groups = shared(report)
        for group in groups:
            yield ""
            yield f"{self._paint(printable(shared_by(group)), _BOLD)}:"
            yield from self._lines(group)
        for task in report.tasks:
            yield ""
            yield from self._task(task, groups)
        if any(task.bounds for task in report.tasks):
            yield from ("", self._paint(OF_COSTS, _DIM))
        if report.layout:
            yield from (f"  {printable(file)}" for file in report.layout)
        if report.warnings:
            yield ""
            yield "warnings that are new:"
            yield from (printable(f"  {finding}") for finding in report.warnings)

    def _task(self, task: TaskDiff, groups: tuple[Shared, ...]) -> Iterator[str]:
        shade = _YELLOW if task.behaves else _GREEN
        if task.breaks:
            shade = _RED
        yield f"{self._paint(task.name, shade, _BOLD)}: {printable(task.verdict)}"
        own = without(task, groups)
        for change in own.changes if task.status in ("changed", "renamed") else ():
            yield from self._change(change)
        for cache in task.caches:
            yield self._row("cache", printable(cache_line(cache)))
        for number, line in enumerate(cost_lines(task)):
            yield self._row("" if number else "cost", printable(line))
        if task.traffic is not None:
            for number, line in enumerate(traffic_lines(task.traffic)):
                yield self._row("" if number else "traffic", printable(line))
        yield from self._advice(own)

    def _lines(self, group: Shared) -> Iterator[str]:
        for change in group.changes:
            yield from self._change(change)
        yield from self._advice(group)

    def _advice(self, told: TaskDiff | Shared) -> Iterator[str]:
        yield from (self._row("warning", printable(one), _YELLOW) for one in told.warnings)
        yield from (self._row("note", printable(one)) for one in told.notes)

    def _change(self, change: Change) -> Iterator[str]:
        shade = _RED if change.breaks == "yes" else ""
        yield self._row(change.kind.value, printable(change_line(change)), shade)
        for reason in change.reasons:
            yield self._row("", printable(f"  {reason}"))
        for line in change.diff:
            shade = _RED if line.startswith("-") else _GREEN if line.startswith("+") else _DIM
            yield self._row("", self._paint(f"  {printable(line)}", shade))

    def _row(self, kind: str, text: str, shade: str = "") -> str:
        return f"  {self._paint(f'{kind:<10}', _DIM)} {self._paint(text, shade)}".rstrip()

    def _paint(self, text: str, *codes: str) -> str:
        wanted = "".join(codes)
        return f"{wanted}{text}{_PLAIN}" if self._color and wanted and text.strip() else text
