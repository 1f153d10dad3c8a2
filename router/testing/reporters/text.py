"""Text for people: what failed, where it was expected, and what the run did; else a count."""

from __future__ import annotations

from collections.abc import Iterator

from router.testing.coverage import Coverage
from router.testing.expecting import said_of
from router.testing.report import CaseReport, TestReport
from router.types import Attempt

__all__ = ["failure_text", "render", "summary"]

_RED, _GREEN, _YELLOW, _BOLD, _PLAIN = (f"\x1b[{code}m" for code in (31, 32, 33, 1, 0))


def render(report: TestReport, *, color: bool = False, verbose: bool = False) -> str:
    """The failures and a summary; with `verbose` a line for every case."""
    lines: list[str] = []
    for one in report.cases:
        if verbose or one.status == "failed":
            lines.append(_head(one, color=color))
        if one.status == "failed":
            lines += [failure_text(one), ""]
    if verbose and lines and lines[-1]:
        lines.append("")
    if report.coverage is not None:
        lines += [*_coverage(report.coverage), ""]
    lines.append(summary(report, color=color))
    return "\n".join(lines) + "\n"


def failure_text(report: CaseReport) -> str:
    """Why a case failed: each failure at its place, and the attempts of the run."""
    return "\n".join(_failure(report))


def summary(report: TestReport, *, color: bool = False) -> str:
    """How many cases held, failed and were skipped."""
    failed, skipped = report.count("failed"), report.count("skipped")
    said = [f"{failed} failed"] if failed else []
    said.append(f"{report.count('passed')} passed")
    said += [f"{skipped} skipped"] if skipped else []
    tone = _RED if failed else _GREEN
    files = f"{len(report.files)} file{'' if len(report.files) == 1 else 's'}"
    text = f"{', '.join(said)} in {files}"
    if report.coverage is not None:
        found = report.coverage
        text += f"; {found.covered} of {found.total} decisions covered ({found.percent} %)"
    return f"{tone}{_BOLD}{text}{_PLAIN}" if color else text


def _coverage(coverage: Coverage) -> Iterator[str]:
    """What no case has seen, then how many decisions of each task are covered."""
    uncovered = [one for task in coverage.tasks for one in task.uncovered]
    yield from map(str, uncovered)
    if uncovered:
        yield ""
    width = max(len(task.task) for task in coverage.tasks)
    for task in coverage.tasks:
        yield f"{task.task.ljust(width)}  {task.covered}/{task.total}"


def _head(report: CaseReport, *, color: bool) -> str:
    words = {"passed": ("ok  ", _GREEN), "failed": ("FAIL", _RED), "skipped": ("skip", _YELLOW)}
    word, tone = words[report.status]
    why = f": {report.case.skip}" if report.status == "skipped" else ""
    return f"{f'{tone}{_BOLD}{word}{_PLAIN}' if color else word} {report.case.id}{why}"


def _failure(report: CaseReport) -> Iterator[str]:
    for failure in report.failures:
        yield f"  {failure.span}: {failure.what}"
        if failure.expected is not None:
            yield f"      expected  {failure.expected}"
            yield f"      actual    {failure.actual}"
    outcome = report.outcome
    if outcome is None or not outcome.attempts:
        return
    yield "    the run"
    widths = [max(len(one.tier) for one in outcome.attempts)]
    for attempt in outcome.attempts:
        yield f"      {attempt.number}  {attempt.tier.ljust(widths[0])}  {_did(attempt)}"
    result = outcome.result
    if result is not None:
        yield f"      {said_of(result)}"
    elif outcome.error is not None:
        yield f"      {type(outcome.error).__name__}: {outcome.error.message}"


def _did(attempt: Attempt) -> str:
    said = [attempt.error or attempt.stop_reason or attempt.status.value]
    if attempt.error_message:
        said[0] += f" ({attempt.error_message})"
    if attempt.waited:
        said.insert(0, f"after {attempt.waited:.2f} s")
    if attempt.role != "answer":
        said.append(f"{attempt.role} ({attempt.task})")
    if attempt.confidence is not None:
        said.append(f"confidence {attempt.confidence:g}")
    if attempt.escalation:
        said.append(f"left: {attempt.escalation}")
    return ", ".join(said)
