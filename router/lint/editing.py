"""Edits applied to a file's bytes: all that is not edited stays as it is, byte for byte."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from router.policy.offsets import Offsets
from router.types import Edit

__all__ = ["apply_edits", "compatible"]

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


def compatible(one: Sequence[Edit], others: Iterable[Edit]) -> bool:
    """Whether edits can be made in one go with others: none touches what another does.

    Two that begin where the other ends count as touching, and so do equal ones.
    """
    return not any(_touch(mine, other) for other in others for mine in one)


def _touch(one: Edit, other: Edit) -> bool:
    first, second = one.span, other.span
    return (
        first.file == second.file
        and (first.line, first.column) <= (second.end_line, second.end_column)
        and (second.line, second.column) <= (first.end_line, first.end_column)
    )
