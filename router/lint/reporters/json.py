"""JSON for programs. Keys are only ever added."""

from __future__ import annotations

import json
from typing import Any

from router.lint.report import Report
from router.types import Edit, Finding, Fix, Severity, Span

__all__ = ["render"]


def render(report: Report) -> str:
    """One object: the findings in order of place, and how many there are of each severity.

    `suppressed` has the findings that do not count, each with who says so and why.
    """
    whole = {
        "version": 1,
        "files": len(report.files),
        "problem": report.problem,
        **{f"{severity.value}s": report.count(severity) for severity in Severity},
        "findings": [_finding(finding) for finding in report.findings],
        "suppressed": [
            {**_finding(one.finding), "by": one.by, "reason": one.reason} for one in report.hidden
        ],
        "notes": list(report.notes),
    }
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "severity": finding.severity.value,
        "message": finding.message,
        **_place(finding.span),
        "help": finding.help,
        "notes": list(finding.notes),
        "source_line": finding.source_line,
        "fix": None if finding.fix is None else _fix(finding.fix),
    }


def _fix(fix: Fix) -> dict[str, Any]:
    return {"message": fix.message, "safe": fix.safe, "edits": [_edit(one) for one in fix.edits]}


def _edit(edit: Edit) -> dict[str, Any]:
    return {**_place(edit.span), "text": edit.text}


def _place(span: Span) -> dict[str, Any]:
    return {
        "file": span.file,
        "line": span.line,
        "column": span.column,
        "end_line": span.end_line,
        "end_column": span.end_column,
    }
