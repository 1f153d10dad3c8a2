"""How amounts, sizes and lengths are written on the page."""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal

__all__ = ["at_most_usd", "cells", "count", "many", "seconds", "shorten", "usd", "wrap"]

_CENT = Decimal("0.01")
_ELLIPSIS = "…"


def usd(amount: Decimal) -> str:
    """A price in USD, in full: with cents at least, and without idle zeros after them."""
    plain = amount.normalize()
    whole_cents = plain == plain.quantize(_CENT)
    return f"${plain.quantize(_CENT) if whole_cents else plain:,f}"


def at_most_usd(amount: Decimal) -> str:
    """A bound in USD, rounded up to cents, below a dollar to three significant digits."""
    step = _CENT if amount >= 1 else Decimal(1).scaleb(amount.adjusted() - 2)
    return usd(amount.quantize(step, ROUND_CEILING) if amount else amount)


def count(number: int) -> str:
    """A whole number with its thousands apart."""
    return f"{number:,}"


def many(number: int, one: str, several: str | None = None) -> str:
    """`1 task`, `3 tasks`."""
    return f"{number:,} {one if number == 1 else several or one + 's'}"


def seconds(length: float) -> str:
    """A duration as policies write it."""
    return f"{length * 1000:g} ms" if 0 < length < 1 else f"{length:g} s"


# --- text in pictures ------------------------------------------------------------------


def cells(text: str) -> int:
    """Columns that a text takes in a monospaced font; rather too many than too few."""
    return sum(1 if ord(character) < 0x530 else 2 for character in text)


def shorten(text: str, width: int) -> str:
    """The text in at most `width` columns, its end cut off where it is longer."""
    text = " ".join(text.split())
    if cells(text) <= width:
        return text
    kept = 0
    for index, character in enumerate(text):
        kept += cells(character)
        if kept > width - cells(_ELLIPSIS):
            return text[:index].rstrip() + _ELLIPSIS
    return text


def wrap(text: str, width: int, most: int) -> tuple[str, ...]:
    """The text in at most `most` lines of at most `width` columns; what is over is cut off."""
    lines: list[str] = []
    for word in text.split():
        joined = f"{lines[-1]} {word}" if lines else word
        if lines and cells(joined) <= width:
            lines[-1] = joined
        else:
            lines.append(word)
    if len(lines) > most:
        lines[most - 1 :] = [" ".join(lines[most - 1 :])]
    return tuple(shorten(line, width) for line in lines)
