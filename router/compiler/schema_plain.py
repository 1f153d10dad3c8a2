"""Most schemas use a dozen keywords in the plainest way: those are judged here.

It spares loading a validator only to learn that nothing is wrong, which is most of what linting a
policy would cost, and it lets a service build a task's validators when the task first runs. What is
plain is sure to be a schema and sure to build; a test compares both with the validator's word.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import NoneType
from typing import Any, Final

from router.compiler.schema_words import ANNOTATIONS, TYPES

__all__ = ["default_fits", "is_plain"]

_DEEPEST: Final = 16
_MOST: Final = 500  # subschemas
_LARGEST: Final = 2**53  # integers beyond it differ between readers of JSON
_SCALARS: Final = frozenset({str, int, float, bool, NoneType})


def is_plain(schema: Any) -> bool:
    """Whether a schema is right at first sight. False says only that it needs a closer look."""
    return type(schema) is dict and _plain(schema, 0, [])


def _plain(schema: Any, depth: int, seen: list[None]) -> bool:
    seen.append(None)
    if type(schema) is not dict or depth > _DEEPEST or len(seen) > _MOST:
        return type(schema) is bool and len(seen) <= _MOST
    for key, value in schema.items():
        judge = _JUDGES.get(key)
        if judge is not None:
            if not judge(value):
                return False
        elif key in ("items", "additionalProperties"):
            if not _plain(value, depth + 1, seen):
                return False
        elif key == "properties":
            if type(value) is not dict:
                return False
            for name, child in value.items():
                if not _text(name) or not _plain(child, depth + 1, seen):
                    return False
        else:
            return False
    return True


def default_fits(schema: Mapping[str, Any]) -> bool:
    """Whether a property's default satisfies it at first sight."""
    value = schema["default"]
    asked = schema.keys() - ANNOTATIONS
    if not asked <= {"type", "enum"}:
        return False
    if "enum" in asked and not (type(value) is str and value in schema["enum"]):
        return False
    kind = schema.get("type", "")
    return "type" not in asked or (type(kind) is str and type(value) is _PYTHON.get(kind))


_PYTHON: Final = {"string": str, "boolean": bool, "integer": int, "null": NoneType}


def _text(value: Any) -> bool:
    # JSON can spell half of a surrogate pair, and no validator takes it
    return type(value) is str and (
        value.isascii() or not any("\ud800" <= c <= "\udfff" for c in value)
    )


def _number(value: Any) -> bool:
    return type(value) in (int, float) and -_LARGEST < value < _LARGEST


def _count(value: Any) -> bool:
    return type(value) is int and 0 <= value < _LARGEST


def _scalar(value: Any) -> bool:
    kind = type(value)
    if kind is str:
        return _text(value)
    return kind in _SCALARS and (kind is bool or value is None or _number(value))


def _type(value: Any) -> bool:
    if type(value) is str:
        return value in TYPES
    return (
        type(value) is list
        and 0 < len(value) == len({str(one) for one in value})
        and all(type(one) is str and one in TYPES for one in value)
    )


def _names(value: Any) -> bool:
    return type(value) is list and all(map(_text, value)) and len(set(value)) == len(value)


_JUDGES: Final[Mapping[str, Callable[[Any], bool]]] = {
    "type": _type,
    "enum": lambda value: (
        type(value) is list and 0 < len(value) <= 500 and all(map(_scalar, value))
    ),
    "const": _scalar,
    "default": _scalar,
    "description": _text,
    "title": _text,
    "required": _names,
    "minLength": _count,
    "maxLength": _count,
    "minItems": _count,
    "maxItems": _count,
    "minimum": _number,
    "maximum": _number,
    "exclusiveMinimum": _number,
    "exclusiveMaximum": _number,
    "uniqueItems": lambda value: type(value) is bool,
}
