"""Edits applied to a file's bytes: all that is not edited stays as it is, byte for byte."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence

from router.policy.offsets import Offsets
from router.types import Edit, Span

__all__ = ["Taken", "apply_edits"]

_MARK = "\ufeff"


def apply_edits(data: bytes, edits: Iterable[Edit]) -> bytes:
    """The bytes of a UTF-8 file with edits made; line ends and a byte order mark stay.

    Raises:
        ValueError: the text has no such place, or two edits overlap.
    """
    whole = data.decode("utf-8")
    text = whole.removeprefix(_MARK)
    parts, position = [whole[: len(whole) - len(text)]], 0
    offsets = Offsets(text)
    ranges = sorted({(*offsets.range(edit.span), edit.text) for edit in edits})
    for start, end, new in ranges:
        if start < position:
            raise ValueError(f"edits overlap at {offsets.span('the text', start, end)}")
        parts += [text[position:start], new]
        position = end
    parts.append(text[position:])
    return "".join(parts).encode("utf-8")


class Taken:
    """Places that edits have taken, for choosing edits that can be made in one go.

    Two that begin where the other ends count as touching, and so do equal ones.
    """

    def __init__(self) -> None:
        self._places: dict[str, list[tuple[_Place, _Place]]] = {}  # in order, none touching another

    def take(self, edits: Sequence[Edit]) -> bool:
        """Takes the places of all edits of a fix; of none where one touches what is taken."""
        if any(self._touches(edit.span) for edit in edits):
            return False
        for edit in edits:
            insort(self._places.setdefault(edit.span.file, []), _bounds(edit.span))
        return True

    def _touches(self, span: Span) -> bool:
        start, end = _bounds(span)
        places = self._places.get(span.file, [])
        index = bisect_left(places, (start, end))
        after = places[index][0] if index < len(places) else None
        before = places[index - 1][1] if index else None
        return (after is not None and after <= end) or (before is not None and before >= start)


_Place = tuple[int, int]


def _bounds(span: Span) -> tuple[_Place, _Place]:
    return (span.line, span.column), (span.end_line, span.end_column)
