"""JUnit XML: a suite for each test file, a case for each case."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from router import junit
from router.testing.report import CaseReport, TestReport
from router.testing.reporters.text import failure_text

__all__ = ["render"]


def render(report: TestReport) -> str:
    """The cases; where too little is covered, or nothing was run, one more that says so."""
    return junit.render("router test", _suites(report))


def _suites(report: TestReport) -> Iterator[junit.Suite]:
    for file, cases in groupby(report.cases, lambda one: one.case.file):
        yield junit.Suite(file, tuple(map(_case, cases)))
    if report.too_little is not None:
        case = junit.Case("coverage", "router test", "failure", report.too_little, kind="coverage")
        yield junit.Suite("coverage", (case,))
    if report.problem is not None or report.broken:
        said = report.problem or "the tests or the policies have errors"
        detail = "\n".join(map(str, report.findings))
        case = junit.Case("router test", "router test", "error", said, detail, "usage")
        yield junit.Suite("router test", (case,))


def _case(report: CaseReport) -> junit.Case:
    case = report.case
    if report.status == "skipped":
        return junit.Case(case.name, case.task, "skipped", case.skip or "")
    if report.status == "passed":
        return junit.Case(case.name, case.task)
    first = report.failures[0]
    said = first.what
    if first.expected is not None:
        said = f"{first.what}: expected {first.expected}, got {first.actual}"
    detail = failure_text(report)
    return junit.Case(case.name, case.task, "failure", said, detail, "expectation")
