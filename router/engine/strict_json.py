"""JSON as the standard defines it, for text that a model or a stranger wrote.

`json.loads` takes NaN and Infinity, turns 1e400 into infinity, keeps the last of two equal keys
and lets half a surrogate pair through. Each of these has slipped past a schema somewhere; here
each is refused.
"""

from __future__ import annotations

import json
from typing import Any, NoReturn

__all__ = ["MAX_DEPTH", "StrictJsonError", "parse_json_line", "parse_json_strict"]

MAX_DEPTH = 128
"""Nested lists and objects. Far above any answer, far below the interpreter's recursion limit."""


class StrictJsonError(ValueError):
    """Text that is not strict JSON; the message says what is wrong and never quotes the text."""


def _constant(name: str) -> NoReturn:
    raise StrictJsonError(f"{name} is not JSON")


def _finite(digits: str) -> float:
    value = float(digits)
    if value - value != 0.0:
        raise StrictJsonError("a number is out of range")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise StrictJsonError("an object has the same key twice")
    return members


_decoder = json.JSONDecoder(
    object_pairs_hook=_unique, parse_constant=_constant, parse_float=_finite
)


def parse_json_strict(text: str | bytes) -> Any:
    """The value of a JSON text.

    Raises:
        StrictJsonError: anything but strict JSON: syntax, NaN, infinities, floats out of range,
            duplicate keys, lone surrogates, invalid UTF-8, more than `MAX_DEPTH` levels.
    """
    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8")
        if text.count("[") + text.count("{") > MAX_DEPTH and _too_deep(text):
            raise StrictJsonError(f"nested deeper than {MAX_DEPTH} levels")
        value = _decode(text)
        # Raw surrogates can only come in a str of ours, escaped ones in anybody's.
        text.encode("utf-8")
        if "\\ud" in text or "\\uD" in text:
            _refuse_surrogates(value)
    except StrictJsonError:
        raise
    except json.JSONDecodeError as error:
        # The exception would carry the whole text along.
        reason = f"{error.msg} at line {error.lineno}, column {error.colno}"
        raise StrictJsonError(reason) from None
    except UnicodeError:
        raise StrictJsonError("not valid Unicode") from None
    except RecursionError:
        raise StrictJsonError(f"nested deeper than {MAX_DEPTH} levels") from None
    except ValueError:
        # int() of more digits than the interpreter converts.
        raise StrictJsonError("a number is out of range") from None
    return value


def parse_json_line(line: str | bytes) -> Any:
    """The same for one line of JSON Lines; what is wrong is said by its column alone.

    Raises:
        StrictJsonError: as `parse_json_strict`.
    """
    try:
        return parse_json_strict(line)
    except StrictJsonError as error:
        said = str(error).replace("at line 1, column", "at column")
        raise StrictJsonError(f"not JSON: {said}") from None


def _decode(text: str) -> Any:
    # What JSONDecoder.decode does, without its two searches for blanks. It is left the errors,
    # as it counts lines and columns in the text as given.
    bare = text.strip(" \t\n\r")
    try:
        value, end = _decoder.raw_decode(bare)
    except json.JSONDecodeError:
        end = -1
    if end != len(bare):
        return _decoder.decode(text)
    return value


def _too_deep(text: str) -> bool:
    depth = 0
    in_string = escaped = False
    for char in text:
        if in_string:
            if escaped:
                escaped = False
            elif char == "\\":
                escaped = True
            elif char == '"':
                in_string = False
        elif char == '"':
            in_string = True
        elif char in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                return True
        elif char in "]}":
            depth -= 1
    return False


def _refuse_surrogates(value: Any) -> None:
    if isinstance(value, str):
        value.encode("utf-8")
    elif isinstance(value, dict):
        for key, member in value.items():
            key.encode("utf-8")
            _refuse_surrogates(member)
    elif isinstance(value, list):
        for item in value:
            _refuse_surrogates(item)
