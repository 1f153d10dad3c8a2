"""Edits of policy text at the places of nodes: one entry, one element, one scalar at a time.

Block and flow style, comments and layout around them kept. Each function gives the edits, or None
where the place is written in a way that it does not know: then there is no fix, and no harm.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from router.policy.nodes import Mark, Node, SourceText
from router.policy.offsets import Offsets
from router.types import Edit, Fix, Span

__all__ = [
    "Edits",
    "delete_element",
    "delete_entry",
    "fix",
    "insert_after",
    "is_own",
    "rename_key",
    "replace_plain",
    "replace_scalar",
]

Edits = tuple[Edit, ...] | None

# Compiled where a fix is made: most policies need none.
_GAP = r"(?:[ \t\r\n]|#[^\r\n]*)*"  # what may stand between two tokens
_DASHES = r"[ ]*(?:-[ ]+)+"
_BREAK = r"\r\n|\r|\n"
_QUOTES = {"single": "'", "double": '"'}


def fix(message: str, *edits: Edits, safe: bool = True) -> Fix | None:
    """A fix of several edits; None where one of them cannot be made."""
    made: list[Edit] = []
    for some in edits:
        if some is None:
            return None
        made += some
    return Fix(message, tuple(made), safe)


def is_own(node: Node, outer: Node) -> bool:
    """Whether a node is written inside `outer` and is nobody else's.

    A node that came from a parent, or one that an alias may stand for, is shared: what is right
    for one task may be wrong for another.
    """
    return (
        node.source is outer.source
        and outer.mark[:2] <= node.mark[:2]
        and node.mark[2:] <= outer.mark[2:]
        and not node.source.shares
    )


def rename_key(node: Node, key: str, name: str) -> Edits:
    """Another name for a key; quotes around it stay."""
    found = (node.key_marks or {}).get(key)
    return None if found is None else _reword(*found, name)


def replace_scalar(node: Node, value: str) -> Edits:
    """Another value for a scalar on one line; quotes around it stay.

    `value` has to be text that needs no quotes and no escapes.
    """
    if node.style not in ("plain", "single", "double"):
        return None
    return _reword(node.source, node.mark, value)


def replace_plain(source: SourceText, mark: Mark, text: str, written: str) -> Edits:
    """Other text, quotes included, for a plain scalar that reads `text`."""
    span = _span(source, mark)
    start, end = source.offsets.range(span)
    return (Edit(span, written),) if source.text[start:end] == text else None


def delete_entry(node: Node, key: str) -> Edits:
    """A map without one of its entries, and without the comment on the entry's own lines."""
    entry = _entry(node, key)
    if entry is None:
        return None
    return _without(entry, _cut_entry)


def delete_element(node: Node, index: int) -> Edits:
    """A list without one of its elements, and without the comment on the element's own lines."""
    child = node.at(index)
    if child is None or child.source is not node.source:
        return None
    if not node.mark[:2] <= child.mark[:2]:
        return None  # an alias: its value stands elsewhere
    entry = _measured(child.source, child.mark[:2], child)
    return _without(entry, _cut_item)


def insert_after(node: Node, key: str, entry: str) -> Edits:
    """One more entry behind that of `key`: on a line of its own in block style."""
    found = _entry(node, key)
    if found is None:
        return None
    offsets, start, end = found.offsets, found.start, found.end
    if _in_flow(found):
        return (Edit(offsets.span(found.file, end, end), f", {entry}"),)
    place = offsets.line_end(end)
    if not _only_comment(offsets.text[end:place]):
        return None
    column = start - offsets.line_start(start)
    text = f"{_line_break(offsets, place)}{' ' * column}{entry}"
    return (Edit(offsets.span(found.file, place, place), text),)


# --- places --------------------------------------------------------------------------------------


class _Entry(NamedTuple):
    """Where an entry of a map or an element of a list begins and ends, as offsets."""

    file: str
    offsets: Offsets
    start: int
    end: int


def _entry(node: Node, key: str) -> _Entry | None:
    found, child = (node.key_marks or {}).get(key), node.get(key)
    if found is None or child is None:
        return None
    source, mark = found
    if child.source is not source or child.mark[:2] < mark[2:]:
        return None  # its value is merged from several files, or an alias
    return _measured(source, mark[:2], child)


def _measured(source: SourceText, begin: tuple[int, int], child: Node) -> _Entry:
    offsets = source.offsets
    start = offsets.of(begin[0] + 1, begin[1] + 1)
    line, column = child.mark[2:]
    end = offsets.of(line + 1, column + 1)
    if column == 0:  # a block scalar ends where the next line with text begins
        end = len(offsets.text[:end].rstrip())
    return _Entry(source.file, offsets, start, max(start, end))


def _reword(source: SourceText, mark: Mark, text: str) -> Edits:
    span = _span(source, mark)
    start, end = source.offsets.range(span)
    written = source.text[start:end]
    if span.line != span.end_line or not written or written[0] in "&*!?|>":
        return None
    quote = written[0] if written[0] in _QUOTES.values() else ""
    return (Edit(span, f"{quote}{text}{quote}"),)


def _span(source: SourceText, mark: Mark) -> Span:
    line, column, end_line, end_column = mark
    return Span(source.file, line + 1, column + 1, end_line + 1, end_column + 1)


def _without(entry: _Entry, cut_block: Callable[[_Entry], tuple[int, int] | None]) -> Edits:
    """The edit that deletes an entry.

    In block style it reaches to the next entry, and so touches that one's: of two neighbours that
    each count on the other to stay, only one can go at a time.
    """
    file, offsets = entry.file, entry.offsets
    if _in_flow(entry):
        cut = _cut_flow(entry)
        return None if cut is None else (Edit(offsets.span(file, *cut), ""),)
    cut = cut_block(entry)
    if cut is None:
        return None
    start, end = cut
    behind = end
    while behind < len(offsets.text) and _only_comment(
        offsets.text[behind : offsets.line_end(behind)]
    ):
        behind = offsets.next_line(behind)
    return (Edit(offsets.span(file, start, behind), offsets.text[end:behind]),)


def _in_flow(entry: _Entry) -> bool:
    """Whether what follows the entry can only follow in flow style."""
    text = entry.offsets.text
    following = _next_token(text, entry.end)
    return text[following : following + 1] in (",", "}", "]")


def _next_token(text: str, offset: int) -> int:
    found = re.compile(_GAP).match(text, offset)
    return offset if found is None else found.end()


def _only_comment(rest: str) -> bool:
    return not rest.strip() or rest.lstrip().startswith("#")


def _line_break(offsets: Offsets, near: int) -> str:
    """The break of the line, or of the first line where this one is the last."""
    a_break = re.compile(_BREAK)
    found = a_break.match(offsets.text, near) or a_break.search(offsets.text)
    return "\n" if found is None else found[0]


# --- what goes when an entry goes ----------------------------------------------------------------


def _cut_flow(entry: _Entry) -> tuple[int, int] | None:
    offsets, start, end = entry.offsets, entry.start, entry.end
    text = offsets.text
    begin = offsets.line_start(start)
    own_line = not text[begin:start].strip()
    after = _skip(text, end)
    if text[after : after + 1] == ",":
        after += 1
        if not _only_comment(text[after : offsets.line_end(after)]):
            return start, _skip(text, after)
        if own_line:
            return begin, offsets.next_line(after)
        return _back(text, start), after
    closed = text[after : after + 1] in ("}", "]")
    if own_line and not closed and text[_next_token(text, end)] != ",":
        return begin, offsets.next_line(after)  # a comma before it stays, which flow style allows
    before = _back(text, start)
    if text[before - 1 : before] == ",":
        return before - 1, end
    return (start, end) if closed else None


def _cut_entry(entry: _Entry) -> tuple[int, int] | None:
    offsets, start, end = entry.offsets, entry.start, entry.end
    text = offsets.text
    begin, following = offsets.line_start(start), offsets.next_line(end)
    if not _only_comment(text[end : offsets.line_end(end)]):
        return None
    column = start - begin
    if not text[begin:start].strip():
        return (begin, following) if _has_sibling(offsets, begin, following, column) else None
    if not re.fullmatch(_DASHES, text[begin:start]):
        return None  # behind `?`, or in a way that is not known here
    # The first entry of an element: the next one moves up behind the dash.
    if _indent(text, following) == column and text[following + column] not in "#-\r\n":
        return start, following + column
    return None


def _cut_item(entry: _Entry) -> tuple[int, int] | None:
    offsets, start, end = entry.offsets, entry.start, entry.end
    text = offsets.text
    begin, following = offsets.line_start(start), offsets.next_line(end)
    before = text[begin:start]
    if not _only_comment(text[end : offsets.line_end(end)]):
        return None
    if not re.fullmatch(r"[ ]*-[ ]+", before):
        return None
    column = before.index("-")
    return (begin, following) if _has_sibling(offsets, begin, following, column, "-") else None


def _has_sibling(offsets: Offsets, begin: int, following: int, column: int, dash: str = "") -> bool:
    """Whether something else is written at `column` of the same collection, below or above.

    Without one, what is left would be no collection any more but null.
    """
    below = next((line for line in _lines_from(offsets, following) if not _only_comment(line)), "")
    if _begins(below, column, dash):
        return True
    for line in _lines_before(offsets, begin):
        if _only_comment(line) or _indent(line, 0) > column:
            continue
        if dash or _indent(line, 0) == column:
            return _begins(line, column, dash)
        dashes = re.match(_DASHES, line)
        return dashes is not None and dashes.end() == column
    return False


def _lines_from(offsets: Offsets, begin: int) -> Iterator[str]:
    while begin < len(offsets.text):
        yield offsets.text[begin : offsets.line_end(begin)]
        begin = offsets.next_line(begin)


def _lines_before(offsets: Offsets, begin: int) -> Iterator[str]:
    while begin > 0:
        begin = offsets.line_start(begin - 1)
        yield offsets.text[begin : offsets.line_end(begin)]


def _begins(line: str, column: int, dash: str) -> bool:
    if _indent(line, 0) != column or len(line) <= column:
        return False
    return line[column:].startswith("-") == bool(dash)


def _indent(text: str, offset: int) -> int:
    end = offset
    while text[end : end + 1] == " ":
        end += 1
    return end - offset if end < len(text) else -1


def _skip(text: str, offset: int) -> int:
    while text[offset : offset + 1] in (" ", "\t"):
        offset += 1
    return offset


def _back(text: str, offset: int) -> int:
    while offset and text[offset - 1] in " \t":
        offset -= 1
    return offset
