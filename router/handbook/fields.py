"""A JSON Schema as rows: each field with its type and bounds in words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from router.compiler.schema_check import resolve
from router.handbook.words import count

__all__ = ["Field", "fields"]

_DEEPEST = 6
_DEEPEST_KIND = 3
_SHAPES = ("anyOf", "oneOf", "allOf")


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `path` is like `items[].id`; `top` the top-level property that it is in."""

    path: str
    top: str
    kind: str
    values: tuple[str, ...]  # what an enum allows, as JSON without the quotes of plain strings
    bounds: tuple[str, ...]
    required: bool
    default: str | None = None
    description: str | None = None


def fields(schema: Mapping[str, Any]) -> tuple[Field, ...]:
    """Every field of an object's schema, parents before what is in them; one row for a value."""
    if "properties" in schema:
        return tuple(_properties(schema, schema, "", "", ()))
    return tuple(_below("", "", True, schema, schema, ()))


def _properties(
    schema: Mapping[str, Any],
    root: Mapping[str, Any],
    above: str,
    top: str,
    within: tuple[str | None, ...],
) -> Iterator[Field]:
    required = schema.get("required", ())
    for name, child in schema["properties"].items():
        path = f"{above}.{name}" if above else name
        yield from _below(path, top or name, name in required, child, root, within)


def _below(
    path: str,
    top: str,
    required: bool,
    schema: Any,
    root: Mapping[str, Any],
    within: tuple[str | None, ...],
) -> Iterator[Field]:
    """The field and what is in it. `within` are the references that led here, level by level."""
    reference, schema = _reference(schema), _followed(schema, root)
    yield Field(
        path or "(the value)",
        top,
        _kind(schema, root),
        tuple(map(_plain, _values(schema, root))),
        tuple(_bounds(schema, root)),
        required,
        _plain(schema["default"]) if "default" in schema else None,
        _text(schema.get("description")),
    )
    if len(within) == _DEEPEST:
        return
    item = schema.get("items")
    for part, name, place in (
        (schema, reference, path),
        (_followed(item, root), _reference(item), f"{path}[]"),
    ):
        again = name is not None and name in within  # it holds itself, and has been told
        if isinstance(part.get("properties"), Mapping) and not again:
            yield from _properties(part, root, place, top, (*within, name))


def _reference(schema: Any) -> str | None:
    return str(schema["$ref"]) if isinstance(schema, Mapping) and "$ref" in schema else None


def _followed(schema: Any, root: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema that a chain of references leads to; keywords beside a reference stay."""
    for _ in range(_DEEPEST):
        if not isinstance(schema, Mapping):
            return {}
        if "$ref" not in schema:
            return schema
        target = resolve(root, str(schema["$ref"]))
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        schema = {**target, **beside} if isinstance(target, Mapping) else beside
    return {}


def _kind(schema: Mapping[str, Any], root: Mapping[str, Any], depth: int = 0) -> str:
    if depth == _DEEPEST_KIND:  # perhaps it holds itself
        return "…"
    named = schema.get("type")
    if isinstance(named, str):
        return (
            f"array of {_kind(_followed(schema['items'], root), root, depth + 1)}"
            if _listed(schema)
            else named
        )
    if isinstance(named, list):
        return " or ".join(map(str, named))
    for word in _SHAPES:
        if isinstance(schema.get(word), list):
            kinds = dict.fromkeys(
                _kind(_followed(one, root), root, depth + 1) for one in schema[word]
            )
            return (" and " if word == "allOf" else " or ").join(kinds)
    if "enum" in schema:
        return "one of"
    return "fixed" if "const" in schema else "any value"


def _listed(schema: Mapping[str, Any]) -> bool:
    return schema.get("type") == "array" and isinstance(schema.get("items"), Mapping)


def _values(schema: Mapping[str, Any], root: Mapping[str, Any], depth: int = 0) -> list[Any]:
    if "const" in schema:
        return [schema["const"]]
    listed = schema.get("enum")
    if isinstance(listed, list):
        return list(listed)
    if depth == _DEEPEST_KIND or "items" not in schema:
        return []
    return _values(_followed(schema["items"], root), root, depth + 1)


def _bounds(schema: Mapping[str, Any], root: Mapping[str, Any], depth: int = 0) -> Iterator[str]:
    yield from _range(schema, "minLength", "maxLength", " characters")
    yield from _range(schema, "minimum", "maximum", "")
    yield from _range(schema, "minItems", "maxItems", " items")
    yield from _range(schema, "minProperties", "maxProperties", " keys")
    if "exclusiveMinimum" in schema:
        yield f"more than {_number(schema['exclusiveMinimum'])}"
    if "exclusiveMaximum" in schema:
        yield f"less than {_number(schema['exclusiveMaximum'])}"
    if "multipleOf" in schema:
        yield f"a multiple of {_number(schema['multipleOf'])}"
    if "format" in schema:
        yield f"format {schema['format']}"
    if "pattern" in schema:
        yield f"matches {schema['pattern']}"
    if schema.get("uniqueItems") is True:
        yield "no two alike"
    if depth < _DEEPEST_KIND and "items" in schema:
        item = _followed(schema["items"], root)
        yield from (f"each {bound}" for bound in _bounds(item, root, depth + 1))


def _range(schema: Mapping[str, Any], low: str, high: str, unit: str) -> Iterator[str]:
    least, most = schema.get(low), schema.get(high)
    if least is not None and most is not None:
        yield f"{_number(least)} to {_number(most)}{unit}"
    elif most is not None:
        yield f"at most {_number(most)}{unit}"
    elif least is not None:
        yield f"at least {_number(least)}{unit}"


def _number(value: Any) -> str:
    return count(value) if isinstance(value, int) else str(value)


def _plain(value: Any) -> str:
    if isinstance(value, str) and value:
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value.strip() else None
