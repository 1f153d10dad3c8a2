"""Workflow commands of GitHub Actions: each finding becomes an annotation of its line.

Grammar and rules as the runner has them (`ActionCommandManager.cs` of actions/runner): values are
percent-encoded, and columns are dropped where an annotation spans several lines. A path is
absolute, because the runner takes it from the workspace, wherever the step was run.
"""

from __future__ import annotations

from collections.abc import Iterator

from router.lint.places import absolute
from router.lint.report import Report
from router.types import Finding, Severity

__all__ = ["render"]

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"})


def render(report: Report) -> str:
    """One command a line, the worst first: GitHub shows ten of each kind for a step."""
    worst = sorted(report.findings, key=lambda one: list(Severity).index(one.severity))
    lines = [_command(finding, report) for finding in worst]
    if report.problem is not None:
        lines.append(f"::error title=router lint::{report.problem.translate(_DATA)}")
    return "".join(f"{line}\n" for line in lines)


def _command(finding: Finding, report: Report) -> str:
    properties = ",".join(
        f"{name}={str(value).translate(_PROPERTY)}" for name, value in _properties(finding, report)
    )
    said = [finding.message, *(f"note: {note}" for note in finding.notes)]
    if finding.help:
        said.append(f"help: {finding.help}")
    return f"::{_COMMANDS[finding.severity]} {properties}::{chr(10).join(said).translate(_DATA)}"


def _properties(finding: Finding, report: Report) -> Iterator[tuple[str, object]]:
    span = finding.span
    yield "file", absolute(span.file, report)
    yield "line", span.line
    yield "endLine", span.end_line
    if span.line == span.end_line:
        yield "col", span.column
        yield "endColumn", span.end_column
    yield "title", f"router lint: {finding.rule}"
