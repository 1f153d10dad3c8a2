"""The validator of the hot path: built once, linear in patterns, closed to the network.

jsonschema-rs, with its linear-time regex engine. It takes NaN for a number and overflows the
stack on deep values, so every value is looked through first.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from router.compiler.model import Violation

__all__ = ["MAX_VALUE_DEPTH", "build", "is_valid", "scan", "violations"]

MAX_VALUE_DEPTH = 64
MAX_VIOLATIONS = 20


def build(schema: Mapping[str, Any]) -> Any:
    """A validator for a checked schema.

    Raises:
        ValueError: what it cannot compile.
    """
    import jsonschema_rs

    return jsonschema_rs.Draft202012Validator(
        dict(schema),
        validate_formats=True,
        ignore_unknown_formats=False,
        pattern_options=jsonschema_rs.RegexOptions(),
        offline=True,
    )


def is_valid(validator: Any, value: Any) -> bool:
    """Whether a JSON value satisfies the schema; what is no JSON never does."""
    return scan(value) is None and bool(validator.is_valid(value))


def scan(value: Any, depth: int = 0) -> Violation | None:
    """The first place in a value that is no JSON: NaN, lone surrogates, objects, too deep."""
    kind = type(value)
    if kind is str:
        if not value.isascii() and not _encodable(value):
            return Violation("", "type", "text with half of a surrogate pair")
        return None
    if kind is float:
        return None if math.isfinite(value) else Violation("", "type", "not a finite number")
    if value is None or kind is bool or kind is int:
        return None
    if depth >= MAX_VALUE_DEPTH:
        return Violation("", "depth", f"nested more than {MAX_VALUE_DEPTH} deep")
    if kind is dict:
        for key, item in value.items():
            if type(key) is not str or not (key.isascii() or _encodable(key)):
                return Violation("", "type", "a key that is not text")
            if type(item) is str and item.isascii():  # most are: spares a call
                continue
            found = scan(item, depth + 1)
            if found is not None:
                return Violation(_join(key, found.path), found.rule, found.message)
        return None
    if kind is list or kind is tuple:
        for index, item in enumerate(value):
            found = scan(item, depth + 1)
            if found is not None:
                return Violation(_join(index, found.path), found.rule, found.message)
        return None
    if isinstance(value, str):  # an enum of strings and the like
        return None if _encodable(value) else Violation("", "type", "text with half a surrogate")
    return Violation("", "type", f"not a JSON value: {kind.__name__}")


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _join(step: str | int, rest: str) -> str:
    head = f"[{step}]" if isinstance(step, int) else step
    return head + rest if not rest or rest.startswith("[") else f"{head}.{rest}"


def violations(validator: Any, value: Any) -> tuple[Violation, ...]:
    """Every rule that an invalid value breaks, at most 20; no text of the value is repeated."""
    found = []
    for error in validator.iter_errors(value):
        found.extend(_explain(error))
        if len(found) >= MAX_VIOLATIONS:
            break
    return tuple(found)


def _explain(error: Any) -> list[Violation]:
    path = _path(error.instance_path)
    kind, rule = error.kind, error.kind.name
    if rule == "required":
        return [Violation(_join_path(path, kind.property), rule, "is required")]
    if rule in ("additionalProperties", "unevaluatedProperties"):
        return [
            Violation(_join_path(path, name), rule, "is not allowed") for name in kind.unexpected
        ]
    return [Violation(path, rule, _message(rule, kind, error))]


def _message(rule: str, kind: Any, error: Any) -> str:
    limit = getattr(kind, "limit", None)
    if rule == "type":
        return f"must be {_one_of(kind.types)}"
    if rule == "enum":
        return f"must be one of {_listed(kind.options)}"
    if rule == "const":
        return f"must be {kind.expected_value!r}"
    if rule in _LIMITS:
        return _LIMITS[rule].format(limit=limit) + _actual(rule, error.instance)
    if rule == "multipleOf":
        return f"must be a multiple of {kind.multiple_of}"
    if rule == "pattern":
        return f"must match the pattern {kind.pattern}"
    if rule == "format":
        return f"must be a valid {kind.format}"
    return _MESSAGES.get(rule, f"breaks the rule `{rule}`")


_LIMITS = {
    "maximum": "must be at most {limit}",
    "minimum": "must be at least {limit}",
    "exclusiveMaximum": "must be less than {limit}",
    "exclusiveMinimum": "must be more than {limit}",
    "maxLength": "must have at most {limit} characters",
    "minLength": "must have at least {limit} characters",
    "maxItems": "must have at most {limit} items",
    "minItems": "must have at least {limit} items",
    "maxProperties": "must have at most {limit} properties",
    "minProperties": "must have at least {limit} properties",
}
_MESSAGES = {
    "anyOf": "fits none of the schemas under `anyOf`",
    "oneOf": "must fit exactly one of the schemas under `oneOf`",
    "not": "fits the schema that it must not fit",
    "contains": "has no item, or too few or too many items, of the kind it must contain",
    "uniqueItems": "has the same item twice",
    "propertyNames": "has a property whose name is not allowed",
    "unevaluatedItems": "has items that are not allowed",
    "falseSchema": "is not allowed",
    "false schema": "is not allowed",
}


def _actual(rule: str, instance: Any) -> str:
    # A length says nothing of the text; a number might, so it is not repeated.
    return f", has {len(instance)}" if hasattr(instance, "__len__") else ""


def _one_of(types: list[str]) -> str:
    return types[0] if len(types) == 1 else " or ".join(sorted(types))


def _listed(options: list[Any]) -> str:
    shown = ", ".join(str(option) for option in options[:10])
    return shown + (f" and {len(options) - 10} more" if len(options) > 10 else "")


def _path(steps: list[str | int]) -> str:
    text = ""
    for step in steps:
        text = _join_path(text, step)
    return text


def _join_path(path: str, step: str | int) -> str:
    if isinstance(step, int):
        return f"{path}[{step}]"
    return f"{path}.{step}" if path else step
