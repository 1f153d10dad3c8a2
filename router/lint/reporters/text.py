"""Text for people: each finding with its line, a caret below it, and what to do."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from router.lint.report import Report
from router.types import Finding, Severity

__all__ = ["render"]

_RED, _YELLOW, _BLUE, _BOLD, _DIM, _PLAIN = (f"\x1b[{code}m" for code in (31, 33, 34, 1, 2, 0))
_COLORS = {Severity.ERROR: _RED, Severity.WARNING: _YELLOW, Severity.INFO: _BLUE}


def render(report: Report, *, color: bool = False) -> str:
    """Errors and warnings in full, infos as a number; a summary at the end.

    Infos are shown too where they fail. Empty where nothing was linted: the door says why.
    """
    if report.problem is not None and not report.findings:
        return ""
    paint = _Paint(color)
    lines: list[str] = []
    for finding in report.findings:
        if finding.severity is not Severity.INFO or report.fails(finding):
            lines += [*_finding(finding, paint), ""]
    lines.append(_summary(report, paint))
    return "\n".join(lines) + "\n"


class _Paint:
    """Puts ANSI colours around text, or leaves it."""

    def __init__(self, on: bool) -> None:
        self._on = on

    def __call__(self, text: str, *codes: str) -> str:
        return f"{''.join(codes)}{text}{_PLAIN}" if self._on else text


def _finding(finding: Finding, paint: _Paint) -> Iterator[str]:
    color = _COLORS[finding.severity]
    head = paint(f"{finding.severity.value}[{finding.rule}]", color, _BOLD)
    yield f"{paint(str(finding.span), _BOLD)}: {head} {finding.message}"
    number = str(finding.span.line)
    margin = " " * len(number)
    if finding.source_line is not None and finding.source_line.strip():
        line, caret = _snippet(finding, finding.source_line)
        yield f"  {paint(f'{number} |', _DIM)} {line}"
        yield f"  {paint(f'{margin} |', _DIM)} {paint(caret, color)}"
    for note in finding.notes:
        yield f"  {margin} {paint('=', _DIM)} note: {note}"
    if finding.help:
        yield f"  {margin} {paint('=', _DIM)} help: {finding.help}"


def _snippet(finding: Finding, line: str) -> tuple[str, str]:
    """The line and the carets below what the finding is about, up to the end of the line."""
    span = finding.span
    start = min(span.column - 1, len(line))
    end = span.end_column - 1 if span.end_line == span.line else len(line.rstrip())
    end = max(start + 1, min(end, len(line)))
    flat = line.replace("\t", " ")
    before, marked = _width(flat[:start]), max(1, _width(flat[start:end]))
    return flat, " " * before + "^" * marked


def _width(text: str) -> int:
    """Columns on a terminal: East Asian wide characters take two, combining ones none."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return len(text) + wide - sum(unicodedata.combining(c) != 0 for c in text)


def _summary(report: Report, paint: _Paint) -> str:
    scope = f" in {_many(len(report.files), 'file')}" if report.files else ""
    said = [
        paint(_many(count, severity.value), _COLORS[severity], _BOLD)
        for severity in Severity
        if severity is not Severity.INFO or report.fail_level is Severity.INFO
        if (count := report.count(severity))
    ]
    aside = _aside(report)
    if not said:
        return f"no errors, no warnings{scope}{aside}"
    hint = f"`router rule NAME` explains a rule{_fixable(report)}"
    return f"{', '.join(said)}{scope}{aside}; {hint}"


def _fixable(report: Report) -> str:
    """How many findings a command can mend."""
    fixes = [one.fix for one in report.findings if one.fix is not None]
    safe = sum(fix.safe for fix in fixes)
    said = [f"--fix mends {safe}"] if safe else []
    if len(fixes) > safe:
        said.append(f"--fix --unsafe {len(fixes) - safe}{' more' if safe else ''}")
    return f"; {', '.join(said)}" if said else ""


def _aside(report: Report) -> str:
    """What is there and not shown."""
    infos = 0 if report.fail_level is Severity.INFO else report.count(Severity.INFO)
    said = []
    if infos:
        said.append(f"{_many(infos, 'info')} not shown: --format concise")
    if report.hidden:
        said.append(f"{len(report.hidden)} suppressed")
    return f" ({'; '.join(said)})" if said else ""


def _many(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
