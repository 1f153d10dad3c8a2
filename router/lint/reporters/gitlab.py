"""GitLab's Code Quality report: a JSON array; fingerprints outlive moved lines."""

from __future__ import annotations

import json
from typing import Any

from router.lint.places import fingerprints, hosted
from router.lint.report import Report
from router.types import Finding, Severity

__all__ = ["render"]

_SEVERITIES = {Severity.ERROR: "critical", Severity.WARNING: "minor", Severity.INFO: "info"}


def render(report: Report) -> str:
    """Every finding; an empty array when there is none."""
    names = fingerprints(report.findings, report)
    issues = [
        _issue(finding, name, report) for finding, name in zip(report.findings, names, strict=True)
    ]
    return json.dumps(issues, indent=2, ensure_ascii=False) + "\n"


def _issue(finding: Finding, fingerprint: str, report: Report) -> dict[str, Any]:
    span = finding.span
    return {
        "description": finding.message,
        "check_name": finding.rule,
        "fingerprint": fingerprint,
        "severity": _SEVERITIES[finding.severity],
        "location": {
            "path": hosted(span.file, report),
            "positions": {
                "begin": {"line": span.line, "column": span.column},
                "end": {"line": span.end_line, "column": span.end_column},
            },
        },
    }
