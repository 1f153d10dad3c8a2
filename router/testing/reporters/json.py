"""JSON for programs. Keys are only ever added."""

from __future__ import annotations

import json
from typing import Any

from router.testing.report import CaseReport, TestReport

__all__ = ["render"]


def render(report: TestReport) -> str:
    """One object: every case with its failures, how many there are of each, coverage if asked."""
    coverage = report.coverage
    whole = {
        "version": 1,
        "files": list(report.files),
        "problem": report.problem,
        "findings": [str(finding) for finding in report.findings],
        "notes": list(report.notes),
        **{status: report.count(status) for status in ("passed", "failed", "skipped")},
        "cases": [_case(one) for one in report.cases],
        "coverage": None
        if coverage is None
        else {
            "covered": coverage.covered,
            "total": coverage.total,
            "enough": report.too_little is None,
            "uncovered": [str(one) for task in coverage.tasks for one in task.uncovered],
        },
    }
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def _case(report: CaseReport) -> dict[str, Any]:
    case, outcome = report.case, report.outcome
    span = case.node.span
    return {
        "name": case.name,
        "file": case.file,
        "line": span.line,
        "task": case.task,
        "status": report.status,
        "skip": case.skip,
        "attempts": None if outcome is None else len(outcome.attempts),
        "estimated_usd": None if outcome is None else f"{outcome.cost:f}",
        "failures": [
            {
                "what": one.what,
                "expected": one.expected,
                "actual": one.actual,
                "file": one.span.file,
                "line": one.span.line,
                "column": one.span.column,
            }
            for one in report.failures
        ],
    }
