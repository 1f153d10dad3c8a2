"""From a place within a template or condition to the place in the policy file that holds it."""

from __future__ import annotations

from router.compiler.problems import Problem
from router.policy.findings import at_node, at_place
from router.policy.nodes import Node, SourceText
from router.types import Finding, Span

__all__ = ["finding_in_file", "finding_in_node", "span_in_scalar"]


def finding_in_node(node: Node, problem: Problem) -> Finding:
    """A finding about a text that stands in a policy.

    Exact in literal blocks and in scalars on one line; elsewhere the scalar itself, because
    folding and escapes hide where a character was written.
    """
    span = span_in_scalar(node, problem.line, problem.column, problem.end_column)
    if span is None:
        return at_node(problem.rule, problem.message, node, help=problem.help)
    return at_place(problem.rule, problem.message, node.source, span, help=problem.help)


def finding_in_file(file: str, text: str, problem: Problem) -> Finding:
    """A finding about a text that is a file of its own."""
    span = Span(file, problem.line, problem.column, problem.line, problem.end_column)
    source = SourceText(file, text)
    return at_place(problem.rule, problem.message, source, span, help=problem.help)


def span_in_scalar(node: Node, row: int, column: int, end_column: int) -> Span | None:
    """Where columns of a row of a scalar's text are written; None where that cannot be told.

    All count from 1, the end exclusive. In plain and quoted scalars on one line, columns move by
    the quote; in literal blocks by the indentation, which is looked up on the line itself.
    """
    text = node.value if isinstance(node.value, str) else ""
    lines = text.split("\n")
    if not 0 < row <= len(lines):
        return None
    content = lines[row - 1]
    line, first, end_line, _ = node.mark
    if node.style == "literal":
        number = line + 1 + row  # the text begins below the `|`
        written = node.source.line(number)
        if not written.endswith(content):
            return None
        moved = len(written) - len(content)
    elif line == end_line and len(lines) == 1:
        number = line + 1
        start = first if node.style == "plain" else first + 1
        if node.source.line(number)[start : start + len(content)] != content:
            return None
        moved = start
    else:
        return None
    begin, end = column + moved, end_column + moved
    return Span(node.source.file, number, begin, number, max(end, begin + 1))
