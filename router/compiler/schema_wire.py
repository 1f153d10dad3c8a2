"""The part of a schema that the Claude API can enforce.

What structured outputs accept and refuse: Claude API documentation and `anthropic.transform_schema`
(SDK 2.12), 2026-11. The author's text is sent as it is, never added to.

Two rules decide everything else. A keyword the API refuses is left out and listed, since the
whole schema is enforced on the reply. And what is sent never asks for something that the schema
itself forbids: where leaving out would do that, nothing is sent at all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from router.compiler.schema_check import is_recursive, resolve
from router.compiler.schema_words import API_FORMATS

__all__ = ["to_wire"]

_KEPT = ("title", "description", "default")
_PATTERN_KEPT = r"(?:[^\\(]|\\[dDwWsSnrtfv.^$*+?()\[\]{}|/-]|\((?!\?)|\(\?:)*"
"""Patterns of classes, groups, alternatives and repeats; nothing that only some engines have."""

_STRUCTURAL = frozenset({"properties", "required", "additionalProperties"})
_ABOUT_OBJECTS = (
    _STRUCTURAL
    | {"patternProperties", "propertyNames", "minProperties"}
    | {
        "maxProperties",
        "dependentRequired",
        "dependentSchemas",
        "unevaluatedProperties",
    }
)
_ABOUT_ARRAYS = frozenset(
    {"items", "prefixItems", "contains", "minItems", "maxItems", "uniqueItems"}
    | {"minContains", "maxContains", "unevaluatedItems"}
)
_ABOUT_STRINGS = frozenset({"format", "pattern", "minLength", "maxLength"})


class _Inexpressible(Exception):  # ends the reduction, is no error
    """The API cannot be asked for this at all."""


def to_wire(root: Mapping[str, Any]) -> tuple[Mapping[str, Any] | None, tuple[str, ...]]:
    """The schema to send and what it lacks, as `place: keyword`.

    None where the API can enforce nothing; the only entry then says why.
    """
    if is_recursive(root):
        return None, ("the schema is recursive: it is checked here only",)
    reduction = _Reduction(root)
    try:
        wire = reduction.reduce(root, "")
    except _Inexpressible as reason:
        return None, (f"{reason}: the schema is checked here only",)
    return wire, tuple(dict.fromkeys(reduction.removed))


class _Reduction:
    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self.removed: list[str] = []

    def _drop(self, place: str, what: str) -> None:
        self.removed.append(f"{place}: {what}" if place else what)

    def reduce(self, schema: Any, place: str) -> dict[str, Any]:
        if not isinstance(schema, Mapping):
            raise _Inexpressible(f"{place or 'the schema'} is true or false instead of a schema")
        kept = {key: schema[key] for key in _KEPT if key in schema}
        handled = {*_KEPT, "$schema", "$comment", "$defs"}
        if not place and "$defs" in schema:
            used = _used_definitions(self._root)
            definitions = {
                name: self.reduce(child, f"$defs.{name}")
                for name, child in schema["$defs"].items()
                if name in used
            }
            if definitions:
                kept["$defs"] = definitions
        if "$ref" in schema:
            return self._reference(schema, place, kept, handled)
        if "const" in schema or "enum" in schema:
            return self._literals(schema, place, kept, handled)
        types = schema.get("type")
        if isinstance(types, list):
            if len(types) > 1:
                return self._union(schema, place, kept, types)
            types = types[0]
        body = self._typed(schema, place, types, handled)
        self._rest(schema, place, handled)
        return {**kept, **body}

    def _rest(self, schema: Mapping[str, Any], place: str, handled: set[str]) -> None:
        for key in schema:
            if key not in handled and not key.startswith("x-"):
                self._drop(place, key)

    def _reference(
        self, schema: Mapping[str, Any], place: str, kept: dict[str, Any], handled: set[str]
    ) -> dict[str, Any]:
        ref = schema["$ref"]
        if not ref.startswith("#/$defs/") or ref.count("/") != 2:
            # Only definitions keep their place in the reduced schema.
            target = resolve(self._root, ref)
            kept = {**self.reduce(target, place or "$ref"), **kept}
        else:
            kept["$ref"] = ref
        self._rest(schema, place, {*handled, "$ref"})
        return kept

    def _literals(
        self, schema: Mapping[str, Any], place: str, kept: dict[str, Any], handled: set[str]
    ) -> dict[str, Any]:
        key = "const" if "const" in schema else "enum"
        values = [schema["const"]] if key == "const" else schema["enum"]
        if any(isinstance(value, list | dict) for value in values):
            raise _Inexpressible(f"{place or 'the schema'} lists values that are not plain")
        kept[key] = schema[key]
        types = schema.get("type")
        fits = types is None or all(
            _fits(value, types if isinstance(types, list) else [types]) for value in values
        )
        if not fits:
            self._drop(place, "type")
        self._rest(schema, place, {*handled, "type", key})
        return kept

    def _union(
        self, schema: Mapping[str, Any], place: str, kept: dict[str, Any], types: list[str]
    ) -> dict[str, Any]:
        branches = []
        for kind in types:
            foreign = _foreign(kind)
            own = {k: v for k, v in schema.items() if k not in foreign and k not in kept}
            own.pop("$defs", None)
            branches.append(self.reduce({**own, "type": kind}, place or "the value"))
        return {**kept, "anyOf": branches}

    def _typed(
        self, schema: Mapping[str, Any], place: str, kind: Any, handled: set[str]
    ) -> dict[str, Any]:
        if kind == "object" or (kind is None and "properties" in schema):
            return self._object(schema, place, handled)
        if kind == "array":
            return self._array(schema, place, handled)
        if kind is None:
            return self._alternatives(schema, place, handled)
        handled |= {"type"}
        body: dict[str, Any] = {"type": kind}
        if kind == "string":
            if schema.get("format") in API_FORMATS:
                handled.add("format")
                body["format"] = schema["format"]
            pattern = schema.get("pattern")
            if isinstance(pattern, str) and re.fullmatch(_PATTERN_KEPT, pattern):
                handled.add("pattern")
                body["pattern"] = pattern
        return body

    def _object(self, schema: Mapping[str, Any], place: str, handled: set[str]) -> dict[str, Any]:
        name = place or "the schema"
        properties = schema.get("properties", {})
        extra = schema.get("additionalProperties", True)
        if not properties and (extra is not False or "patternProperties" in schema):
            if extra is True and any(key in schema for key in ("anyOf", "oneOf", "allOf")):
                return self._alternatives(schema, place, handled)
            raise _Inexpressible(f"{name} is an open map")
        required = schema.get("required", [])
        if not set(required) <= properties.keys():
            raise _Inexpressible(f"{name} requires a property that it does not declare")
        for key in ("allOf", "anyOf", "oneOf", "if", "dependentSchemas", "$ref"):
            if key in schema and _declares(schema[key], properties):
                raise _Inexpressible(f"{name} declares properties under `{key}`")
        if extra is not False:
            self._drop(place, "additionalProperties: sent as false")
        handled |= {"type", "additionalProperties", "properties", "required"}
        body: dict[str, Any] = {
            "type": "object",
            "properties": {
                key: self.reduce(child, f"{place}.{key}" if place else key)
                for key, child in properties.items()
            },
            "additionalProperties": False,
        }
        if required:
            body["required"] = list(required)
        return body

    def _array(self, schema: Mapping[str, Any], place: str, handled: set[str]) -> dict[str, Any]:
        handled |= {"type"}
        body: dict[str, Any] = {"type": "array"}
        # With `prefixItems`, `items` speaks of the rest only: sent alone it would say more.
        if "items" in schema and "prefixItems" not in schema:
            handled.add("items")
            body["items"] = self.reduce(schema["items"], f"{place or 'the value'}[]")
        if schema.get("minItems") in (0, 1):
            handled.add("minItems")
            body["minItems"] = schema["minItems"]
        return body

    def _alternatives(
        self, schema: Mapping[str, Any], place: str, handled: set[str]
    ) -> dict[str, Any]:
        name = place or "the schema"
        for key in ("anyOf", "oneOf", "allOf"):
            if key not in schema:
                continue
            branches = schema[key]
            if key == "allOf" and (len(branches) > 1 or _refers(branches[0])):
                raise _Inexpressible(f"{name} combines schemas under `allOf`")
            handled |= {key, "type"}
            if key == "oneOf":
                self._drop(place, "oneOf: sent as anyOf")
            if key == "allOf":
                return self.reduce(branches[0], place or "the value")
            reduced = [self.reduce(branch, place or "the value") for branch in branches]
            return {"anyOf": reduced}
        raise _Inexpressible(f"{name} has no type")


def _refers(schema: Any) -> bool:
    return isinstance(schema, Mapping) and "$ref" in schema


def _used_definitions(root: Mapping[str, Any]) -> set[str]:
    """Names under `$defs` that are referred to; an unused one may be anything."""
    used = set()
    pending: list[Any] = [root]
    while pending:
        item = pending.pop()
        if isinstance(item, Mapping):
            ref = item.get("$ref")
            if isinstance(ref, str) and ref.startswith("#/$defs/"):
                used.add(ref.split("/")[2])
            pending.extend(item.values())
        elif isinstance(item, list):
            pending.extend(item)
    return used


def _declares(part: Any, properties: Mapping[str, Any]) -> bool:
    """Whether a part of an object's schema speaks of properties that the object lacks."""
    pending = [part]
    while pending:
        item = pending.pop()
        if isinstance(item, Mapping):
            named = item.get("properties")
            if isinstance(named, Mapping) and not named.keys() <= properties.keys():
                return True
            required = item.get("required")
            if isinstance(required, list) and not set(map(str, required)) <= properties.keys():
                return True
            if "$ref" in item:
                return True  # what it declares is elsewhere: rather check here only
            pending.extend(item.values())
        elif isinstance(item, list):
            pending.extend(item)
    return isinstance(part, str)


def _foreign(kind: str) -> frozenset[str]:
    """Keywords that say nothing about values of a type."""
    groups = {"object": _ABOUT_OBJECTS, "array": _ABOUT_ARRAYS, "string": _ABOUT_STRINGS}
    others = [words for name, words in groups.items() if name != kind]
    foreign = frozenset().union(*others)
    if kind not in ("number", "integer"):
        foreign |= {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}
    return foreign


def _fits(value: Any, types: list[str]) -> bool:
    if value is None:
        return "null" in types
    if isinstance(value, bool):
        return "boolean" in types
    if isinstance(value, str):
        return "string" in types
    whole = isinstance(value, int) or value.is_integer()
    return "number" in types or ("integer" in types and whole)
