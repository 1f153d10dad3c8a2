"""Made-up answers: a value of the shape that a JSON Schema asks for, the same for the same seed.

Texts in it begin with "emulated", so that nobody takes the value for a real answer.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from random import Random
from typing import Any

from router.emulator.patterns import matching

__all__ = ["shaped"]

_DEEPEST = 12
_FORMATS = {
    "date-time": "2026-01-02T03:04:05Z",
    "time": "03:04:05Z",
    "date": "2026-01-02",
    "duration": "P1D",
    "email": "emulated@example.com",
    "hostname": "emulated.example.com",
    "uri": "https://example.com/emulated",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


def shaped(schema: Mapping[str, Any], random: Random) -> Any:
    """A value that fits `schema`, as far as a schema can be satisfied by construction.

    Numbers without bounds lie in 0..1, one called confidence in its upper half. Optional
    properties are filled, required ones come first, as the API orders them.
    """
    return _Shaper(schema, random).value(schema, "answer", 0)


class _Shaper:
    def __init__(self, root: Mapping[str, Any], random: Random) -> None:
        self._root = root
        self._random = random

    def value(self, schema: Any, name: str, depth: int) -> Any:
        if not isinstance(schema, Mapping) or depth > _DEEPEST:
            return None
        schema = self._resolved(schema, depth)
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return self._random.choice(list(schema["enum"]))
        for key in ("anyOf", "oneOf"):
            if schema.get(key):
                return self._variant(schema, key, name, depth)
        return self._typed(schema, name, depth)

    def _typed(self, schema: Mapping[str, Any], name: str, depth: int) -> Any:
        match _type_of(schema):
            case "object":
                return self._object(schema, depth)
            case "array":
                return self._array(schema, name, depth)
            case "integer":
                return self._integer(schema)
            case "number":
                return self._number(schema, name)
            case "boolean":
                return self._random.random() < 0.5
            case "null":
                return None
            case _:
                return self._string(schema, name)

    def _resolved(self, schema: Mapping[str, Any], depth: int) -> Mapping[str, Any]:
        """The schema with its reference followed and its `allOf` folded in."""
        for _ in range(_DEEPEST):
            reference = schema.get("$ref")
            if not isinstance(reference, str) or not reference.startswith("#"):
                break
            rest = {k: v for k, v in schema.items() if k != "$ref"}
            schema = {**_at(self._root, reference), **rest}
        parts = schema.get("allOf")
        if parts and depth <= _DEEPEST:
            merged = {k: v for k, v in schema.items() if k != "allOf"}
            for part in parts:
                merged = _merged(merged, self._resolved(part, depth + 1))
            return merged
        return schema

    def _variant(self, schema: Mapping[str, Any], key: str, name: str, depth: int) -> Any:
        rest = {k: v for k, v in schema.items() if k != key}
        variants = [self._resolved(variant, depth) for variant in schema[key]]
        full = [variant for variant in variants if _type_of(variant) != "null"]
        return self.value(_merged(rest, (full or variants)[0]), name, depth + 1)

    def _object(self, schema: Mapping[str, Any], depth: int) -> dict[str, Any]:
        properties = schema.get("properties") or {}
        required = list(schema.get("required") or ())
        order = [*required, *(name for name in properties if name not in required)]
        if depth >= _DEEPEST // 2:  # optional parts of a recursive shape would never end
            order = required
        return {name: self.value(properties.get(name, {}), name, depth + 1) for name in order}

    def _array(self, schema: Mapping[str, Any], name: str, depth: int) -> list[Any]:
        least = int(schema.get("minItems", 0))
        most = int(schema.get("maxItems", max(least, 2)))
        count = least if depth >= _DEEPEST // 2 else max(least, min(most, 2))
        items: list[Any] = []
        for _ in range(count * 8):  # some tries more, for items that must differ
            if len(items) == count:
                break
            item = self.value(schema.get("items", {}), name, depth + 1)
            if not schema.get("uniqueItems") or item not in items:
                items.append(item)
        return items

    def _integer(self, schema: Mapping[str, Any]) -> int:
        step = schema.get("multipleOf", 1)
        low = schema.get("minimum", schema.get("exclusiveMinimum"))
        high = schema.get("maximum", schema.get("exclusiveMaximum"))
        if low is None:
            low = 1 if high is None or high >= 1 else high - 4
        if high is None:
            high = low + max(4, step)
        first = math.ceil(low / step)
        last = math.floor(high / step)
        if "exclusiveMinimum" in schema and first * step <= schema["exclusiveMinimum"]:
            first += 1
        if "exclusiveMaximum" in schema and last * step >= schema["exclusiveMaximum"]:
            last -= 1
        return int(self._random.randint(first, max(first, last)) * step)

    def _number(self, schema: Mapping[str, Any], name: str) -> float | int:
        if schema.get("multipleOf"):
            return self._integer(schema)
        low = schema.get("minimum", schema.get("exclusiveMinimum"))
        high = schema.get("maximum", schema.get("exclusiveMaximum"))
        if low is None:
            low = 0.0 if high is None or high > 0 else high - 1.0
        if high is None:
            high = max(low + 1.0, 1.0)
        share = self._random.uniform(0.55, 0.99) if "confidence" in name else self._random.random()
        value: float = round(low + (high - low) * share, 2)
        middle: float = low + (high - low) / 2
        return value if low < value < high else middle

    def _string(self, schema: Mapping[str, Any], name: str) -> str:
        if schema.get("format") in _FORMATS:
            return _FORMATS[schema["format"]]
        if isinstance(schema.get("pattern"), str):
            made = matching(schema["pattern"], self._random)
            if made is not None:
                return made
        text = f"emulated {name}".ljust(int(schema.get("minLength", 0)), ".")
        return text[: int(schema["maxLength"])] if "maxLength" in schema else text


def _type_of(schema: Mapping[str, Any]) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((k for k in kind if k != "null"), "null")
    if isinstance(kind, str):
        return kind
    if "properties" in schema:
        return "object"
    return "array" if "items" in schema else "string"


def _at(root: Mapping[str, Any], reference: str) -> Mapping[str, Any]:
    """What a `#/…` pointer names; empty where it names nothing."""
    node: Any = root
    for part in reference.lstrip("#").strip("/").split("/"):
        if part:
            key = part.replace("~1", "/").replace("~0", "~")
            node = node.get(key, {}) if isinstance(node, Mapping) else {}
    return node if isinstance(node, Mapping) else {}


def _merged(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**one, **other}
    if "properties" in one and "properties" in other:
        merged["properties"] = {**one["properties"], **other["properties"]}
    if "required" in one and "required" in other:
        merged["required"] = list(dict.fromkeys([*one["required"], *other["required"]]))
    return merged
