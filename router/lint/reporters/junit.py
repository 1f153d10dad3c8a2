"""JUnit XML: a suite for each file that was read, a case for each finding."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from router import junit
from router.lint.report import Hidden, Report
from router.types import Finding

__all__ = ["render"]

Item = TypeVar("Item")


def render(report: Report) -> str:
    """What fails is a failure; what does not is a passed case that says so; suppressed is skipped.

    A file without findings is one passed case, so that a clean report is not an empty one.
    """
    return junit.render("router lint", _suites(report))


def _suites(report: Report) -> Iterator[junit.Suite]:
    findings = _by_file(report.findings, lambda one: one)
    hidden = _by_file(report.hidden, lambda one: one.finding)
    for file in sorted({*report.files, *findings, *hidden}):
        cases = [_found(one, report) for one in findings.get(file, ())]
        cases += map(_suppressed, hidden.get(file, ()))
        yield junit.Suite(file, tuple(cases) or (junit.Case("lint", file),))
    if report.problem is not None:
        case = junit.Case("lint", "router lint", "error", report.problem, kind="usage")
        yield junit.Suite("router lint", (case,))


def _found(finding: Finding, report: Report) -> junit.Case:
    name, file, told = _name(finding), finding.span.file, _told(finding)
    if not report.fails(finding):
        return junit.Case(name, file, detail=told)
    return junit.Case(name, file, "failure", finding.message, told, finding.severity.value)


def _suppressed(one: Hidden) -> junit.Case:
    said = f"{one.by}: {one.reason}" if one.reason else one.by
    finding = one.finding
    return junit.Case(_name(finding), finding.span.file, "skipped", said, kind="suppressed")


def _name(finding: Finding) -> str:
    return f"{finding.rule} at {finding.span.line}:{finding.span.column}"


def _told(finding: Finding) -> str:
    said = [str(finding), *(f"note: {note}" for note in finding.notes)]
    if finding.help:
        said.append(f"help: {finding.help}")
    return "\n".join(said)


def _by_file(items: Iterable[Item], finding_of: Callable[[Item], Finding]) -> dict[str, list[Item]]:
    found: dict[str, list[Item]] = {}
    for item in items:
        found.setdefault(finding_of(item).span.file, []).append(item)
    return found
