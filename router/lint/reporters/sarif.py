"""SARIF 2.1.0: what code scanning services and editors read.

Columns count characters of the text, not UTF-16 units, and the log says so. Only the part of a
line that a finding shows is quoted: a rule may have blotted out the rest.
"""

from __future__ import annotations

import json
import os
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import quote

from router.lint.places import absolute, fingerprints, hosted
from router.lint.report import Hidden, Report
from router.rules.pages import render as page
from router.rules.registry import rule, rule_names
from router.types import Finding, Fix, Severity, Span

__all__ = ["render"]

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_ROOT = "%SRCROOT%"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}

Json = dict[str, Any]


def render(report: Report) -> str:
    """One log with one run; suppressed findings are in it, and marked."""
    return json.dumps(_Log(report).whole(), indent=2, ensure_ascii=False) + "\n"


class _Log:
    def __init__(self, report: Report) -> None:
        self._report = report
        every = [*report.findings, *(one.finding for one in report.hidden)]
        self._rules = sorted({finding.rule for finding in every})
        self._index = {name: index for index, name in enumerate(self._rules)}
        self._fingerprints = dict(zip(map(id, every), fingerprints(every, report), strict=True))

    def whole(self) -> Json:
        report = self._report
        run = {
            "tool": {
                "driver": {
                    "name": "policy-router",
                    "version": version("policy-router"),
                    "rules": [_rule(name) for name in self._rules],
                }
            },
            "invocations": [_invocation(report)],
            "originalUriBaseIds": {_ROOT: {"uri": _folder_uri(report.base)}},
            "columnKind": "unicodeCodePoints",
            "results": [
                *(self._result(finding, None) for finding in report.findings),
                *(self._result(one.finding, one) for one in report.hidden),
            ],
        }
        return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}

    def _result(self, finding: Finding, hidden: Hidden | None) -> Json:
        result: Json = {
            "ruleId": finding.rule,
            "ruleIndex": self._index[finding.rule],
            "level": _LEVELS[finding.severity],
            "message": {"text": _said(finding)},
            "locations": [{"physicalLocation": self._location(finding)}],
            "partialFingerprints": {"policyRouter/v1": self._fingerprints[id(finding)]},
            "suppressions": [] if hidden is None else [_suppression(hidden)],
        }
        if finding.fix is not None:
            result["fixes"] = [self._fix(finding.fix)]
        return result

    def _location(self, finding: Finding) -> Json:
        span, line = finding.span, finding.source_line
        region = _region(span)
        location = {"artifactLocation": self._file(span.file), "region": region}
        if line is not None and span.line == span.end_line and span.end_column <= len(line) + 1:
            region["snippet"] = {"text": line[span.column - 1 : span.end_column - 1]}
            if len(line) > span.end_column - span.column:
                around = Span(span.file, span.line, 1, span.line, len(line) + 1)
                location["contextRegion"] = {**_region(around), "snippet": {"text": line}}
        return location

    def _fix(self, fix: Fix) -> Json:
        by_file: dict[str, list[Json]] = {}
        for edit in fix.edits:
            replacement = {"deletedRegion": _region(edit.span)}
            if edit.text:
                replacement["insertedContent"] = {"text": edit.text}
            by_file.setdefault(edit.span.file, []).append(replacement)
        changes = [
            {"artifactLocation": self._file(file), "replacements": replacements}
            for file, replacements in by_file.items()
        ]
        return {"description": {"text": fix.message}, "artifactChanges": changes}

    def _file(self, file: str) -> Json:
        name = hosted(file, self._report)
        if Path(name).is_absolute():
            return {"uri": Path(absolute(file, self._report)).as_uri()}
        return {"uri": quote(os.fsencode(name), safe="/"), "uriBaseId": _ROOT}


def _rule(name: str) -> Json:
    if name not in rule_names():
        return {"id": name}
    found = rule(name)
    return {
        "id": name,
        "shortDescription": {"text": found.summary},
        "fullDescription": {"text": found.why},
        "help": {
            "text": f"{found.summary}\n\n{found.why}\n\n{found.configure}",
            "markdown": page(found),
        },
        "defaultConfiguration": {"level": _LEVELS[found.severity]},
    }


def _invocation(report: Report) -> Json:
    invocation: Json = {"executionSuccessful": report.problem is None}
    told = [] if report.problem is None else [(report.problem, "error")]
    told += [(note, "note") for note in report.notes]
    if told:
        invocation["toolExecutionNotifications"] = [
            {"level": level, "message": {"text": text}} for text, level in told
        ]
    return invocation


def _suppression(hidden: Hidden) -> Json:
    kind = "inSource" if hidden.by == "comment" else "external"
    reason = hidden.reason or f"suppressed by {hidden.by}"
    return {"kind": kind, "status": "accepted", "justification": reason}


def _said(finding: Finding) -> str:
    said = [finding.message, *finding.notes]
    if finding.help:
        said.append(f"Help: {finding.help}")
    return "\n".join(said)


def _region(span: Span) -> Json:
    return {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }


def _folder_uri(folder: str) -> str:
    return Path(folder).as_uri().rstrip("/") + "/"
