"""A short text that matches a regular expression, for made-up answers. Deterministic."""

from __future__ import annotations

import re
import string
from random import Random
from re import _constants as sre  # type: ignore[attr-defined]  # private, but the only parser
from re import _parser as parser  # type: ignore[attr-defined]  # of patterns that there is
from typing import Any

__all__ = ["matching"]

_LETTERS = string.ascii_lowercase
_CATEGORIES = {
    sre.CATEGORY_DIGIT: string.digits,
    sre.CATEGORY_WORD: _LETTERS,
    sre.CATEGORY_SPACE: " ",
    sre.CATEGORY_NOT_DIGIT: _LETTERS,
    sre.CATEGORY_NOT_WORD: "-",
    sre.CATEGORY_NOT_SPACE: _LETTERS,
}


class _Unsupported(Exception):
    """Part of a pattern that this small generator makes no text for."""


def matching(pattern: str, random: Random) -> str | None:
    """A text that `pattern` finds itself in; None where this small generator cannot make one."""
    try:
        text = _walk(parser.parse(pattern), random)
    except (re.error, _Unsupported, RecursionError, OverflowError):
        return None
    return text if re.search(pattern, text) else None


def _walk(tree: Any, random: Random) -> str:
    return "".join(_one(op, argument, random) for op, argument in tree)


def _one(op: Any, argument: Any, random: Random) -> str:
    if op is sre.LITERAL:
        return chr(argument)
    if op is sre.NOT_LITERAL:
        return "a" if argument != ord("a") else "b"
    if op is sre.ANY:
        return random.choice(_LETTERS)
    if op is sre.IN:
        return _from_set(argument, random)
    if op in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
        least, most, inner = argument
        times = max(least, min(most, 3)) if least == 0 else least
        if times > 1_000:
            raise _Unsupported
        return "".join(_walk(inner, random) for _ in range(times))
    if op is sre.SUBPATTERN:
        return _walk(argument[-1], random)
    if op is sre.BRANCH:
        return _walk(random.choice(argument[1]), random)
    if op is sre.AT:
        return ""
    raise _Unsupported


def _from_set(members: Any, random: Random) -> str:
    if members and members[0][0] is sre.NEGATE:
        excluded = {c for op, arg in members[1:] for c in _characters(op, arg)}
        return next(c for c in _LETTERS + string.digits + " -_." if c not in excluded)
    return random.choice([c for op, arg in members for c in _characters(op, arg)])


def _characters(op: Any, argument: Any) -> str:
    if op is sre.LITERAL:
        return chr(argument)
    if op is sre.RANGE:
        low, high = argument
        return "".join(chr(c) for c in range(low, min(high, low + 255) + 1))
    if op is sre.CATEGORY and argument in _CATEGORIES:
        return _CATEGORIES[argument]
    raise _Unsupported
