"""Comments that suppress findings: where they stand, what they name, which lines they mean.

`# router: ignore[rule, rule] reason` in YAML, `{# router: ignore[rule] reason #}` in templates.
At the end of a line a comment means that line; alone on a line, the next that is no comment. What
begins there and goes on, such as a block of text, is meant as a whole: no comment can stand in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from router.policy.nodes import Node, SourceText
from router.policy.yaml_reader import read_yaml
from router.types import Span

__all__ = ["Comment", "Name", "comments"]

_IGNORE = r"router:[ \t]*ignore\b[ \t]*(?:\[(?P<names>[^\]\n]*)\])?[ \t]*"
_IN_YAML = re.compile(rf"(?:(?<=[ \t])|^)#[ \t]*{_IGNORE}(?P<reason>[^\n]*)", re.MULTILINE)
# A raw part is text, whatever it holds.
_IN_TEMPLATE = re.compile(
    r"\{%[-+]?\s*raw\s*[-+]?%\}.*?\{%[-+]?\s*endraw\s*[-+]?%\}"
    rf"|\{{#[-+]?[ \t]*{_IGNORE}(?P<reason>[^\n]*?)[ \t]*[-+]?#\}}",
    re.DOTALL,
)
_COMMENT_LINE = {
    "yaml": re.compile(r"[ \t]*#"),
    "template": re.compile(r"[ \t]*\{#[^\n]*#\}[ \t]*$"),
}
_NAME = re.compile(r"[^\s,]+")


@dataclass(frozen=True, slots=True)
class Name:
    """A rule that a comment names, and where."""

    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Comment:
    """One suppression.

    `alone` where nothing else stands on its line; `lines` are the first and last line it means.
    """

    source: SourceText
    span: Span
    names: tuple[Name, ...]
    reason: str
    alone: bool
    lines: tuple[int, int]


def comments(file: str, data: bytes) -> Iterator[Comment]:
    """The suppressions of one file, in order; none in one that cannot be read."""
    if file.endswith(".json"):
        return
    try:
        source = SourceText(file, data.decode("utf-8").removeprefix("\ufeff"))
    except UnicodeDecodeError:
        return
    if file.endswith((".yaml", ".yml")):
        root = read_yaml(data, file).node
        if root is not None:
            yield from _in_yaml(source, tuple(_scalars(root)))
    else:
        for found in _IN_TEMPLATE.finditer(source.text):
            if found["reason"] is not None:
                yield _comment(source, found, "template", ())


def _in_yaml(source: SourceText, scalars: tuple[Span, ...]) -> Iterator[Comment]:
    for found in _IN_YAML.finditer(source.text):
        line, column = _place(source.text, found.start())
        if not any(_holds(span, line, column) for span in scalars):
            yield _comment(source, found, "yaml", scalars)


def _comment(
    source: SourceText, found: re.Match[str], kind: str, scalars: tuple[Span, ...]
) -> Comment:
    text, start, end = source.text, found.start(), found.end()
    line, column = _place(text, start)
    before = text[text.rfind("\n", 0, start) + 1 : start]
    newline = text.find("\n", end)
    after = text[end : newline if newline >= 0 else len(text)]
    alone = not before.strip() and not after.strip()
    first = line
    if alone:
        first += 1
        while _COMMENT_LINE[kind].match(source.line(first)):
            first += 1
    last = max([first, *(_last_line(span) for span in scalars if span.line == first)])
    names = tuple(
        Name(one[0], _span(source, found.start("names") + one.start(), len(one[0])))
        for one in _NAME.finditer(found["names"] or "")
    )
    span = Span(source.file, line, column, line, column + len(found[0].rstrip()))
    return Comment(source, span, names, found["reason"].strip(), alone, (first, last))


def _scalars(root: Node) -> Iterator[Span]:
    """The places of all scalars, keys included; what stands in one is no comment."""
    pending, seen = [root], {id(root)}
    while pending:
        node = pending.pop()
        if node.style is not None:
            span = node.span
            # A comment may stand behind the `|` that opens a block.
            begin = span.column if node.style not in ("literal", "folded") else 1_000_000
            yield Span(span.file, span.line, begin, span.end_line, span.end_column)
        for key in node.key_marks or ():
            yield node.key_span(key)
        children = node.value.values() if node.is_map else node.value if node.is_list else ()
        for child in children:
            if id(child) not in seen:  # aliases lead to a node again
                seen.add(id(child))
                pending.append(child)


def _holds(span: Span, line: int, column: int) -> bool:
    return (span.line, span.column) <= (line, column) < (span.end_line, span.end_column)


def _last_line(span: Span) -> int:
    """A block ends where the line behind it begins."""
    return (
        span.end_line - 1 if span.end_column == 1 and span.end_line > span.line else span.end_line
    )


def _place(text: str, offset: int) -> tuple[int, int]:
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def _span(source: SourceText, offset: int, length: int) -> Span:
    line, column = _place(source.text, offset)
    return Span(source.file, line, column, line, column + length)
