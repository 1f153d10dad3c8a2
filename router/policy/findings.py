"""Making findings from places: the one way in which checks on policy text speak."""

from __future__ import annotations

from collections.abc import Sequence

from router.policy.nodes import Mark, Node, SourceText
from router.types import Finding, Fix, Severity, Span

__all__ = [
    *("at_key", "at_mark", "at_node", "at_place", "escaped", "printable", "quoted"),
    "source_line",
]

_LONGEST_LINE = 400  # a line of a megabyte helps nobody and fills a terminal


def at_place(
    rule: str,
    message: str,
    source: SourceText,
    span: Span,
    *,
    severity: Severity = Severity.ERROR,
    help: str | None = None,  # noqa: A002 - the name of the field in Finding
    notes: Sequence[str] = (),
    fix: Fix | None = None,
) -> Finding:
    """A finding at a span of `source`, with the line that the caret goes under."""
    line = source_line(source, span)
    return Finding(rule, severity, message, span, help, line, tuple(notes), fix)


def at_mark(
    rule: str,
    message: str,
    source: SourceText,
    mark: Mark,
    *,
    severity: Severity = Severity.ERROR,
    help: str | None = None,  # noqa: A002 - as above
    notes: Sequence[str] = (),
    fix: Fix | None = None,
) -> Finding:
    """As `at_place`, from a mark as the reader counts them (from 0)."""
    line, column, end_line, end_column = mark
    span = Span(source.file, line + 1, column + 1, end_line + 1, end_column + 1)
    return at_place(rule, message, source, span, severity=severity, help=help, notes=notes, fix=fix)


def at_node(
    rule: str,
    message: str,
    node: Node,
    *,
    severity: Severity = Severity.ERROR,
    help: str | None = None,  # noqa: A002 - as above
    notes: Sequence[str] = (),
    fix: Fix | None = None,
) -> Finding:
    """A finding at a value."""
    return at_place(
        rule, message, node.source, node.span, severity=severity, help=help, notes=notes, fix=fix
    )


def at_key(
    rule: str,
    message: str,
    node: Node,
    key: str,
    *,
    severity: Severity = Severity.ERROR,
    help: str | None = None,  # noqa: A002 - as above
    notes: Sequence[str] = (),
    fix: Fix | None = None,
) -> Finding:
    """A finding at a key of a map; at the map itself where the key is not written."""
    source, mark = (node.key_marks or {}).get(key) or (node.source, node.mark)
    return at_mark(rule, message, source, mark, severity=severity, help=help, notes=notes, fix=fix)


def quoted(text: str, limit: int = 60) -> str:
    """Text from a policy as it may stand in a message: in backticks, cut, on one line.

    Characters that a terminal would act on, or that would not show, are written as escapes.
    """
    return f"`{escaped(text if len(text) <= limit else text[: limit - 1] + '…')}`"


def escaped(text: str, keep: str = "") -> str:
    """Text with what a terminal would act on, or would not show, written as escapes.

    Args:
        keep: of these characters, what stays as it is.
    """
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() or c in keep else c.encode("unicode_escape").decode() for c in text
    )


def source_line(source: SourceText, span: Span) -> str | None:
    """The line that a span begins on, safe to print; None where it is too long to show."""
    return printable(source.line(span.line), span.column)


def printable(line: str, column: int = 1) -> str | None:
    """A line of a file as a terminal may show it, or None where `column` lies too far to the right.

    What does not print is replaced one for one, so that a caret still points at the right place.
    """
    if len(line) > _LONGEST_LINE:
        if column > _LONGEST_LINE:
            return None
        line = line[: _LONGEST_LINE - 1] + "…"
    if line.isprintable():
        return line
    return "".join(c if c.isprintable() or c == "\t" else "\N{REPLACEMENT CHARACTER}" for c in line)
