"""JSON for programs. Keys are only ever added."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from router.types import Finding, Severity

__all__ = ["render"]


def render(
    findings: Sequence[Finding], *, files: int | None = None, problem: str | None = None
) -> str:
    """One object: the findings in order of place, and how many there are of each severity."""
    counts = {
        f"{severity.value}s": sum(finding.severity is severity for finding in findings)
        for severity in Severity
    }
    whole = {
        "version": 1,
        "files": files,
        "problem": problem,
        **counts,
        "findings": [_finding(finding) for finding in findings],
    }
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def _finding(finding: Finding) -> dict[str, Any]:
    span = finding.span
    return {
        "rule": finding.rule,
        "severity": finding.severity.value,
        "message": finding.message,
        "file": span.file,
        "line": span.line,
        "column": span.column,
        "end_line": span.end_line,
        "end_column": span.end_column,
        "help": finding.help,
        "notes": list(finding.notes),
        "source_line": finding.source_line,
    }
