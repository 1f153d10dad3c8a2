"""Between places (line and column) and offsets in a text."""

from __future__ import annotations

import re
from bisect import bisect_right

from router.types import Span

__all__ = ["Offsets", "split_lines"]

_BREAK = r"\r\n|\r|\n"


def split_lines(text: str) -> list[str]:
    """The lines of a text, without their breaks, as editors and our places count them.

    `str.splitlines` also breaks at form feeds and other characters that stand within a line.
    """
    return re.split(_BREAK, text)


class Offsets:
    """The lines of one text. Lines and columns count from 1, as findings do; columns count
    characters, and a line's break is a part of it."""

    __slots__ = ("_starts", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts = [0, *(found.end() for found in re.finditer(_BREAK, text))]

    def of(self, line: int, column: int) -> int:
        """The offset of a place; the line after the last one begins where the text ends.

        Raises:
            ValueError: the text has no such place.
        """
        if (line, column) == (len(self._starts) + 1, 1):
            return len(self.text)
        if not 1 <= line <= len(self._starts):
            raise ValueError(f"the text has no line {line}")
        offset = self._starts[line - 1] + column - 1
        end = self._starts[line] if line < len(self._starts) else len(self.text)
        if not self._starts[line - 1] <= offset <= end:
            raise ValueError(f"line {line} has no column {column}")
        return offset

    def range(self, span: Span) -> tuple[int, int]:
        """The offsets that a span begins and ends at, the end exclusive.

        Raises:
            ValueError: the text has no such span.
        """
        start = self.of(span.line, span.column)
        end = self.of(span.end_line, span.end_column)
        if end < start:
            raise ValueError(f"{span} ends before it begins")
        return start, end

    def span(self, file: str, start: int, end: int) -> Span:
        """The span between two offsets."""
        return Span(file, *self.place(start), *self.place(end))

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset."""
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    def line_start(self, offset: int) -> int:
        """Where the line of an offset begins."""
        return self._starts[bisect_right(self._starts, offset) - 1]

    def line_end(self, offset: int) -> int:
        """Where the line of an offset ends, before its break."""
        start = self.line_start(offset)
        return start + len(self.text[start : self.next_line(offset)].rstrip("\r\n"))

    def next_line(self, offset: int) -> int:
        """Where the line after that of an offset begins; the end of the text after the last."""
        line = bisect_right(self._starts, offset)
        return self._starts[line] if line < len(self._starts) else len(self.text)
