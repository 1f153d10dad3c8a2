"""Places in a text as an editor counts them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from router.types import Span

__all__ = ["ENCODINGS", "Ruler", "agreed", "touch"]

ENCODINGS: Final = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}
"""What editors count by: codec and bytes of a unit. Without an agreement it is UTF-16."""

_BREAK: Final = re.compile(r"\r\n|\r|\n")


def agreed(offered: Iterable[str]) -> str:
    """The first of a client's encodings that we know; else what every client knows."""
    return next((name for name in offered if name in ENCODINGS), "utf-16")


class Ruler:
    """The lines of one text, and where a span lies in them."""

    def __init__(self, text: str, encoding: str) -> None:
        self.lines = _BREAK.split(text)
        self._codec, self._unit = ENCODINGS[encoding]

    def position(self, line: int, column: int) -> dict[str, int]:
        """A place from 1 as one from 0; past the end of the text it is the end."""
        if line > len(self.lines):
            line, column = len(self.lines), len(self.lines[-1]) + 1
        before = self.lines[line - 1][: column - 1]
        units = len(before.encode(self._codec, "surrogatepass")) // self._unit
        return {"line": line - 1, "character": units}

    def range(self, span: Span) -> dict[str, Any]:
        """The range of a span, its end exclusive."""
        return {
            "start": self.position(span.line, span.column),
            "end": self.position(span.end_line, span.end_column),
        }


def touch(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two ranges have a place in common, their ends included."""
    return _key(one["start"]) <= _key(other["end"]) and _key(other["start"]) <= _key(one["end"])


def _key(position: dict[str, int]) -> tuple[int, int]:
    return position["line"], position["character"]
