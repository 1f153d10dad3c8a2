"""Plain YAML scalars as YAML 1.2 reads them, and where YAML 1.1 would read something else.

The core schema of YAML 1.2.2, chapter 10.3.2: only `true` and `false` are booleans, `012` is
twelve, `1:30` is text. Editors' plugins, CI tools and most libraries still read YAML 1.1, so a
scalar that the two read differently is worth a warning.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, NamedTuple

__all__ = ["NUMERIC_STARTS", "WORDS", "Plain", "kind", "plain_number", "unambiguous"]


class Plain(NamedTuple):
    """A plain scalar: its value, how YAML 1.1 reads it if otherwise, why it is refused if it is."""

    value: Any
    yaml11: str | None = None
    refused: str | None = None


def _words() -> dict[str, Plain]:
    words = {word: Plain(None) for word in ("", "~", "null", "Null", "NULL")}
    for value, names in ((True, ("true", "yes", "on")), (False, ("false", "no", "off"))):
        for name in names:
            for spelling in (name, name.capitalize(), name.upper()):
                core = name in ("true", "false")
                words[spelling] = (
                    Plain(value) if core else Plain(spelling, f"the boolean {str(value).lower()}")
                )
    return words


WORDS = _words()
"""Words that are not simply text, to either version."""

NUMERIC_STARTS = frozenset("0123456789+-.")
"""What a number, a date or a time begins with; anything else that is not in WORDS is text."""

_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = frozenset(
    {f"{sign}.{word}" for sign in ("", "-", "+") for word in ("inf", "Inf", "INF")}
    | {".nan", ".NaN", ".NAN"}
)

# YAML 1.1's types int, float and timestamp, as the common libraries implement them
_INT11 = re.compile(
    r"[-+]?(?:0b[01_]+|0x[0-9a-fA-F_]+|0[0-7_]*|[1-9][0-9_]*(?::[0-5]?[0-9])+|[1-9][0-9_]*)"
)
_FLOAT11 = re.compile(
    r"[-+]?(?:[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*)"
    r"|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?"
)
_DATE11 = (  # compiled only for what has a dash in it
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?"
    r"(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::?[0-9]{2})?))?"
)

_LONGEST = 40  # no number that JSON readers keep exactly is longer


@lru_cache(maxsize=4096)
def plain_number(text: str) -> Plain:
    """A scalar that begins as a number does (NUMERIC_STARTS)."""
    if len(text) < _LONGEST and text.isascii() and text.isdecimal() and text[0] != "0":
        return Plain(int(text))  # the common case, the same to both versions
    if len(text) > _LONGEST:
        if _INT.fullmatch(text) or _FLOAT.fullmatch(text):
            return Plain(0, refused=f"a number of more than {_LONGEST} characters")
        return Plain(text)
    if text in _NOT_FINITE:
        return Plain(0.0, refused="not a number that JSON can hold")
    value = _core(text)
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        return Plain(0.0, refused="a number too large for JSON")
    other = _reading11(text, value)
    return Plain(value, other)


def _core(text: str) -> int | float | str:
    if _INT.fullmatch(text):
        base = {"0o": 8, "0x": 16}.get(text[:2], 10)
        return int(text, base)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text


def _reading11(text: str, value: float | str) -> str | None:
    """How YAML 1.1 reads a scalar, in words; None where it reads the same value."""
    if "-" in text[1:] and re.fullmatch(_DATE11, text):
        return "a date"
    number = _number11(text)
    if number is None:
        return None if isinstance(value, str) else "text"
    if type(number) is type(value) and number == value:
        return None
    return f"the number {number}"


def _number11(text: str) -> int | float | None:
    digits = text.replace("_", "")
    sign = -1 if digits.startswith("-") else 1
    digits = digits.lstrip("+-")
    if _INT11.fullmatch(text):
        if ":" in digits:
            return sign * int(_sexagesimal(digits))
        if digits[:2] in ("0b", "0x"):
            return sign * int(digits[2:] or "0", 2 if digits[1] == "b" else 16)
        return sign * int(digits, 8 if digits.startswith("0") else 10)
    if _FLOAT11.fullmatch(text):
        return sign * (_sexagesimal(digits) if ":" in digits else float(digits))
    return None


def _sexagesimal(digits: str) -> float:
    total = 0.0
    for part in digits.split(":"):
        total = total * 60 + float(part)
    return total


def kind(value: object) -> str:
    """What a value that is no text is, in words."""
    if value is None:
        return "null"
    return "a boolean" if isinstance(value, bool) else "a number"


def unambiguous(value: object, text: str) -> str:
    """How to write a scalar so that both versions read the same."""
    if isinstance(value, str):
        return f'put it in quotes: "{text}"'
    return f"write {value}, or put it in quotes if it is text"
