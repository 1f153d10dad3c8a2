"""Comments that suppress findings: where they stand, what they name, which lines they mean.

`# router: ignore[rule, rule] reason` in YAML, `{# router: ignore[rule] reason #}` in templates.
At the end of a line a comment means that line; alone on a line, the next that is no comment. What
begins there and goes on, such as a block of text, is meant as a whole: no comment can stand in it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

from router.policy.nodes import Node, SourceText
from router.policy.yaml_reader import read_yaml
from router.types import Span

__all__ = ["Comment", "Name", "comments"]

_IGNORE = r"router:[ \t]*ignore\b[ \t]*(?:\[(?P<names>[^\]\n]*)\])?(?P<reason>[^\n]*)"
_IN_YAML = re.compile(rf"(?:(?<=[ \t])|^)#[ \t]*{_IGNORE}", re.MULTILINE)
_IN_TEMPLATE = re.compile(rf"\{{#[-+]?[ \t]*{_IGNORE}")
_OPENING = re.compile(r"\{#|\{%[-+]?\s*raw\b")
_END_OF_RAW = re.compile(r"\{%[-+]?\s*endraw\b")
_YAML_LINE = re.compile(r"[ \t]*#.*")
_TEMPLATE_LINE = re.compile(r"[ \t]*\{#.*#\}[ \t\r]*")
_NAME = re.compile(r"[^\s,]+")
_NO_COLUMN = 1 << 30  # behind every character of a line


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
    in_template: bool


def comments(file: str, data: bytes) -> Iterator[Comment]:
    """The suppressions of one file, in order; none in one that cannot be read."""
    if file.endswith(".json"):
        return
    try:
        source = SourceText(file, data.decode("utf-8").removeprefix("\ufeff"))
    except UnicodeDecodeError:
        return
    if not file.endswith((".yaml", ".yml")):
        lines = _Lines(source, _TEMPLATE_LINE)
        for found in _in_template(source.text):
            yield lines.comment(found)
        return
    root = read_yaml(data, file).node
    if root is not None:
        scalars = _Scalars(root)
        lines = _Lines(source, _YAML_LINE, scalars)
        for found in _IN_YAML.finditer(source.text):
            if not scalars.hold(*lines.place(found.start())):
                yield lines.comment(found)


def _in_template(text: str) -> Iterator[re.Match[str]]:
    """Comments of one line; what is raw is text, and comments do not nest."""
    position = 0
    while (opening := _OPENING.search(text, position)) is not None:
        if opening[0] == "{#":
            end = text.find("#}", opening.end())
            found = _IN_TEMPLATE.fullmatch(text, opening.start(), end) if end >= 0 else None
            if found is not None:
                yield found
        else:
            closing = _END_OF_RAW.search(text, opening.end())
            end = closing.start() if closing is not None else -1
        if end < 0:
            return
        position = end + 2


class _Lines:
    """The lines of one text, and which of them a comment means."""

    def __init__(
        self, source: SourceText, comment_line: re.Pattern[str], scalars: _Scalars | None = None
    ) -> None:
        self._source = source
        self._comment_line = comment_line
        self._scalars = scalars
        self._lines = source.text.split("\n")
        self._starts = [0, *accumulate(len(line) + 1 for line in self._lines)]
        self._next = 0  # the line behind the run of comment lines that was last looked at

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, from 1."""
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    def comment(self, found: re.Match[str]) -> Comment:
        """The suppression that was found; what is asked for has to come in order."""
        line, column = self.place(found.start())
        in_template = found[0].startswith("{#")
        end = found.end() + 2 if in_template else found.start() + len(found[0].rstrip())
        text = self._lines[line - 1]
        width = end - found.start()
        around = text[: column - 1] + text[column - 1 + width :]
        alone = not around.strip()
        first = self._behind(line) if alone else line
        last = self._scalars.last_line(first) if self._scalars is not None else first
        reason = found["reason"].strip()
        if in_template and reason.endswith(("-", "+")):
            reason = reason[:-1].rstrip()  # the dash of `-#}`
        names = tuple(
            self._name(found.start("names") + one.start(), one[0])
            for one in _NAME.finditer(found["names"] or "")
        )
        span = Span(self._source.file, line, column, line, column + width)
        return Comment(self._source, span, names, reason, alone, (first, last), in_template)

    def _behind(self, line: int) -> int:
        """The next line that is no comment. Lines of one run of comments are looked at once."""
        behind = max(line + 1, self._next)
        while behind <= len(self._lines) and self._comment_line.fullmatch(self._lines[behind - 1]):
            behind += 1
        self._next = behind
        return behind

    def _name(self, offset: int, text: str) -> Name:
        line, column = self.place(offset)
        return Name(text, Span(self._source.file, line, column, line, column + len(text)))


class _Scalars:
    """Where the scalars of a tree stand, keys included; what stands in one is no comment."""

    def __init__(self, root: Node) -> None:
        spans = sorted(_spans(root))
        self._begins = [begin for begin, _ in spans]
        self._ends = [end for _, end in spans]
        self._last: dict[int, int] = {}
        for (line, _), (end_line, end_column) in spans:
            # A block ends where the line behind it begins.
            end = end_line - 1 if end_column == 1 and end_line > line else end_line
            self._last[line] = max(end, self._last.get(line, line))

    def hold(self, line: int, column: int) -> bool:
        """Whether a place lies in a scalar; they do not overlap."""
        index = bisect_right(self._begins, (line, column)) - 1
        return index >= 0 and (line, column) < self._ends[index]

    def last_line(self, line: int) -> int:
        """The last line of the scalars that begin on a line; itself where none does."""
        return self._last.get(line, line)


def _spans(root: Node) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    pending, seen = [root], {id(root)}
    while pending:
        node = pending.pop()
        if node.style is not None:
            span = node.span
            # A comment may stand behind the `|` that opens a block.
            begin = span.column if node.style not in ("literal", "folded") else _NO_COLUMN
            yield (span.line, begin), (span.end_line, span.end_column)
        for key in node.key_marks or ():
            span = node.key_span(key)
            yield (span.line, span.column), (span.end_line, span.end_column)
        children = node.value.values() if node.is_map else node.value if node.is_list else ()
        for child in children:
            if id(child) not in seen:  # aliases lead to a node again
                seen.add(id(child))
                pending.append(child)
