"""JSON for programs. Keys are only ever added; money is text, so that no digit is lost."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from decimal import Decimal
from enum import Enum
from typing import Any

from router.diffing.changes import Report, TaskDiff
from router.types import Finding

__all__ = ["render"]


def render(report: Report) -> str:
    """One object: what is compared, each task that differs, and what there is to say beside."""
    whole = {
        "version": 1,
        "old": report.old,
        "new": report.new,
        "behaves_differently": report.exit_code == 1,
        "tasks": [_task(task) for task in report.tasks],
        "same": report.same,
        "broken": [
            {"side": side, "findings": [_finding(one) for one in findings]}
            for side, findings in report.broken
        ],
        "new_warnings": [_finding(one) for one in report.warnings],
        "layout_only": list(report.layout),
        "notes": list(report.notes),
    }
    return json.dumps(_plain(whole), indent=2, ensure_ascii=False) + "\n"


def _task(task: TaskDiff) -> dict[str, Any]:
    facts = asdict(task)
    return {"name": facts.pop("name"), "behaves": task.behaves, **facts}


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "severity": finding.severity.value,
        "message": finding.message,
        "file": finding.span.file,
        "line": finding.span.line,
        "column": finding.span.column,
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
