"""What a prompt says, so that two of them can be compared; and a short diff of what they say."""

from __future__ import annotations

import difflib
import json
import posixpath
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from router.compiler.model import Block
from router.errors import UsageError
from router.rules.prompts import CheckedTemplate, template_of

__all__ = [
    *("Key", "Read", "bare", "block_key", "block_text", "canonical", "printable"),
    "short_diff",
]

Read = Callable[[str], bytes]
"""The bytes of a file of one side."""

Key = tuple[object, ...]

MOST_LINES: Final = 14
_WIDEST: Final = 120
_MOST_PAIRS: Final = 1_000_000  # of lines to compare
_BEFORE: Final = 30  # characters shown before the first difference of a long line
_NEWLINE: Final = re.compile(r"\r\n|\r")


def canonical(value: Any, *, ordered: bool = False) -> str:
    """JSON text: equal where values are the same JSON (1 and true are not)."""
    return json.dumps(value, sort_keys=not ordered, ensure_ascii=False, default=str)


def block_key(block: Block, read: Read) -> Key:
    """What a block sends, breakpoint apart: equal keys send the same, whatever is passed in."""
    template = template_of(block)
    text = None if template is None else _meaning(template, read)
    source = None if block.static is None else canonical(block.static)
    return (block.kind, text, block.input, source, block.title, block.context, block.citations)


def block_text(block: Block, read: Read) -> str:
    """A block's text for people, included files put below it; a word for what is no text."""
    template = template_of(block)
    if template is not None:
        return "".join(text for _, text in _texts(template, read))
    if block.input is not None:
        return f"{block.kind} given by `{block.input}`"
    return f"{block.kind} ({len(canonical(block.static)):,} bytes)"


def printable(text: str) -> str:
    """The text without what moves a cursor, turns writing round, or has no shape."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\t" else "\N{REPLACEMENT CHARACTER}" for c in text)


def short_diff(before: str, after: str) -> tuple[str, ...]:
    """The lines that differ, `-` before `+`; long lines from shortly before the difference."""
    lines: list[str] = []
    for gone, come in _differing(before.splitlines(), after.splitlines()):
        if len(gone) == len(come):
            for one, other in zip(gone, come, strict=True):
                start = max(0, _common(one, other) - _BEFORE)
                lines += [f"-{_cut(one, start)}", f"+{_cut(other, start)}"]
        else:
            lines += [f"-{_cut(line, 0)}" for line in gone]
            lines += [f"+{_cut(line, 0)}" for line in come]
    if len(lines) > MOST_LINES:
        more = len(lines) - MOST_LINES
        lines = [*lines[:MOST_LINES], f"… {more} more line{'' if more == 1 else 's'}"]
    return tuple(lines)


def _differing(old: list[str], new: list[str]) -> Iterator[tuple[list[str], list[str]]]:
    """Runs of lines that differ. What is equal at both ends is set aside first: comparing every
    line with every other takes too long for a book, and a page is all that is shown of it."""
    start = _common(old, new)
    end = _common(old[start:][::-1], new[start:][::-1])
    old, new = old[start : len(old) - end], new[start : len(new) - end]
    if len(old) * len(new) > _MOST_PAIRS:
        yield old, new
        return
    for kind, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind != "equal":
            yield old[a:b], new[c:d]


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """How many characters or lines are equal from the beginning."""
    for index, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b:
            return index
    return min(len(one), len(other))


def _cut(line: str, start: int) -> str:
    if len(line) <= _WIDEST:
        return line
    end = start + _WIDEST
    return f"{'…' if start else ''}{line[start:end]}{'…' if end < len(line) else ''}"


def _meaning(template: CheckedTemplate, read: Read) -> Key:
    """What decides a template's text. A constant one is what it renders to: comments are nothing.

    Included files count by where they lie from the template, so that moving all of them together
    changes nothing.
    """
    if template.constant:
        try:
            return ("constant", template.render({}))
        except UsageError:  # too much text: said where it is run, compared as it is written
            pass
    own, *included = _texts(template, read)
    folder = posixpath.dirname(template.file or "")
    names = [posixpath.relpath(name, folder or ".") for name, _ in included]
    return (own[1], *zip(names, (text for _, text in included), strict=True))


def _texts(template: CheckedTemplate, read: Read) -> Sequence[tuple[str, str]]:
    """Names and texts of a template and what it includes, as Jinja sees lines and ends."""
    included = (
        (name, read(name).decode("utf-8").removeprefix("\ufeff")) for name in template.files
    )
    texts = ((template.file or "", template.source), *included)
    return [(name, _lines(text)) for name, text in texts]


def _lines(text: str) -> str:
    return _NEWLINE.sub("\n", text).removesuffix("\n")


def bare(tool: Mapping[str, Any]) -> dict[str, Any]:
    """A tool without its breakpoint."""
    return {key: value for key, value in tool.items() if key != "cache_control"}
