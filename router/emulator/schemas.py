"""Which JSON Schemas the API accepts for structured outputs and strict tools.

Facts: the structured-outputs page of platform.claude.com as of 2026-10-08, and what
`anthropic.transform_schema` (2.12, lib/_parse/_transform.py) keeps.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["schema_problems"]

_TYPES = {"object", "array", "string", "integer", "number", "boolean", "null"}
_FORMATS = {
    "date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"
}  # fmt: skip
_ANYWHERE = {
    "type", "title", "description", "default", "enum", "const", "anyOf", "allOf", "$ref",
    "$defs", "definitions", "$schema",
}  # fmt: skip
_OF_TYPE: Mapping[str, set[str]] = {
    "object": {"properties", "required", "additionalProperties"},
    "array": {"items", "minItems"},
    "string": {"format", "pattern"},
}
_FORMS: Mapping[str, tuple[type, str]] = {
    "properties": (Mapping, "dictionary"),
    "$defs": (Mapping, "dictionary"),
    "definitions": (Mapping, "dictionary"),
    "required": (list, "list"),
    "enum": (list, "list"),
    "anyOf": (list, "list"),
    "allOf": (list, "list"),
    "format": (str, "string"),
    "pattern": (str, "string"),
}
_ALL_OF_TYPE = set().union(*_OF_TYPE.values())
_MOST_OPTIONAL = 24
_MOST_UNIONS = 16


def schema_problems(schema: Any, path: str) -> Iterator[str]:
    """Why the API would refuse this schema; each sentence starts with a place below `path`."""
    if not isinstance(schema, Mapping):
        yield f"{path}: Input should be a valid dictionary"
        return
    checker = _Checker(schema)
    found = list(checker.problems(schema, path))
    yield from found
    if found:
        return
    if (loop := _recursion(schema)) is not None:
        yield f"{path}: Recursive schemas are not supported ({loop})"
    if checker.optional > _MOST_OPTIONAL or checker.unions > _MOST_UNIONS:
        yield (
            f"{path}: Schema is too complex for compilation: {checker.optional} optional and "
            f"{checker.unions} union-typed parameters; at most {_MOST_OPTIONAL} and {_MOST_UNIONS}"
        )


class _Checker:
    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self.optional = 0
        self.unions = 0

    def problems(self, node: Any, path: str) -> Iterator[str]:
        if not isinstance(node, Mapping):
            yield f"{path}: Input should be a valid dictionary"
            return
        kinds = node.get("type")
        types = kinds if isinstance(kinds, list) else [kinds] if kinds is not None else []
        for kind in types:
            if not isinstance(kind, str) or kind not in _TYPES:
                yield f"{path}: type {kind!r} is not supported"
                return
        malformed = list(self._malformed(node, path))
        yield from malformed
        if malformed:
            return
        self.unions += len(types) > 1 or "anyOf" in node
        yield from self._keywords(node, types, path)
        yield from self._literals(node, path)
        yield from self._reference(node, path)
        if "object" in types or "properties" in node:
            yield from self._object(node, path)
        if "items" in node:
            yield from self.problems(node["items"], f"{path}.items")
        for key in ("anyOf", "allOf"):
            for index, part in enumerate(node.get(key) or ()):
                if key == "allOf" and isinstance(part, Mapping) and "$ref" in part:
                    yield f"{path}.allOf.{index}: $ref inside allOf is not supported"
                yield from self.problems(part, f"{path}.{key}.{index}")
        for key in ("$defs", "definitions"):
            for name, part in (node.get(key) or {}).items():
                yield from self.problems(part, f"{path}.{key}.{name}")

    def _keywords(self, node: Mapping[str, Any], types: list[Any], path: str) -> Iterator[str]:
        of_types = set().union(*(_OF_TYPE.get(kind, set()) for kind in types)) or _ALL_OF_TYPE
        for key in node:
            if key not in _ANYWHERE | (of_types if types else _ALL_OF_TYPE):
                subject = f"For '{types[0]}' type, property" if types else "Property"
                yield f"{path}: {subject} '{key}' is not supported"
        if node.get("minItems", 0) not in (0, 1):
            yield f"{path}: For 'array' type, 'minItems' values other than 0 or 1 are not supported"
        if "format" in node and node["format"] not in _FORMATS:
            yield f"{path}: For 'string' type, format {node['format']!r} is not supported"
        if any(mark in str(node.get("pattern", "")) for mark in ("(?=", "(?!", "(?<", "\\b")):
            yield f"{path}: pattern uses constructs that are not supported"

    def _malformed(self, node: Mapping[str, Any], path: str) -> Iterator[str]:
        for key, (kind, name) in _FORMS.items():
            if key in node and not isinstance(node[key], kind):
                yield f"{path}.{key}: Input should be a valid {name}"

    def _literals(self, node: Mapping[str, Any], path: str) -> Iterator[str]:
        values = [*(node.get("enum") or ()), *([node["const"]] if "const" in node else ())]
        if any(isinstance(value, list | dict) for value in values):
            yield f"{path}: enum and const values must be strings, numbers, booleans or null"
        if "enum" in node and not node["enum"]:
            yield f"{path}: enum must not be empty"
        if not {"type", "enum", "const", "anyOf", "allOf", "$ref"} & set(node):
            yield f"{path}: Schema must have a type, enum, const, anyOf, allOf or $ref"

    def _reference(self, node: Mapping[str, Any], path: str) -> Iterator[str]:
        reference = node.get("$ref")
        if reference is None:
            return
        if not isinstance(reference, str) or not reference.startswith("#/"):
            yield f"{path}: External $ref is not supported: {reference!r}"
            return
        target: Any = self._root
        for part in reference[2:].split("/"):
            target = target.get(part) if isinstance(target, Mapping) else None
        if target is None:
            yield f"{path}: $ref {reference!r} does not resolve"

    def _object(self, node: Mapping[str, Any], path: str) -> Iterator[str]:
        if node.get("additionalProperties") is not False:
            yield (
                f"{path}: For 'object' type, 'additionalProperties' must be explicitly set to false"
            )
        properties = node.get("properties") or {}
        required = node.get("required") or ()
        self.optional += sum(name not in required for name in properties)
        for name in required:
            if not isinstance(name, str) or name not in properties:
                yield f"{path}: required property {name!r} is not in properties"
        for name, part in properties.items():
            yield from self.problems(part, f"{path}.properties.{name}")


def _recursion(root: Mapping[str, Any]) -> str | None:
    """A reference that leads back to itself, if there is one."""
    edges: dict[str, set[str]] = {"#": set(_references(root, skip_definitions=True))}
    for key in ("$defs", "definitions"):
        for name, part in (root.get(key) or {}).items():
            edges[f"#/{key}/{name}"] = set(_references(part, skip_definitions=False))
    for start in edges:
        reached: set[str] = set()
        open_ = list(edges[start])
        while open_:
            node = open_.pop()
            if node == start:
                return start
            if node not in reached:
                reached.add(node)
                open_.extend(edges.get(node, ()))
    return None


def _references(node: Any, *, skip_definitions: bool) -> Iterator[str]:
    if isinstance(node, Mapping):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for key, part in node.items():
            if not (skip_definitions and key in ("$defs", "definitions")):
                yield from _references(part, skip_definitions=skip_definitions)
    elif isinstance(node, list):
        for part in node:
            yield from _references(part, skip_definitions=skip_definitions)
