"""Letter case put right: the API does not promise the case of enum and const values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from router.compiler.schema_check import children, resolve

__all__ = ["has_choices", "repair"]


def has_choices(root: Mapping[str, Any]) -> bool:
    """Whether any enum or const of the schema holds text, so that there is anything to repair."""
    pending: list[Any] = [root]
    while pending:
        schema = pending.pop()
        if isinstance(schema, Mapping):
            if any(isinstance(choice, str) for choice in _choices(schema)):
                return True
            pending.extend(child for _, child in children(schema))
    return False


def repair(root: Mapping[str, Any], value: Any) -> Any:
    """`value` with strings that differ from an enum or const member by case only put right.

    A string that two members differ from by case only stays. The depth is that of the value.
    """
    return _repair(root, root, value, frozenset())


def _choices(schema: Mapping[str, Any]) -> list[Any]:
    if "const" in schema:
        return [schema["const"]]
    enum = schema.get("enum")
    return enum if isinstance(enum, list) else []


def _repair(root: Mapping[str, Any], schema: Any, value: Any, seen: frozenset[int]) -> Any:
    if not isinstance(schema, Mapping) or id(schema) in seen:
        return value
    here = seen | {id(schema)}
    if "$ref" in schema:
        value = _repair(root, resolve(root, schema["$ref"]), value, here)
    for key in ("allOf", "anyOf", "oneOf"):
        branches = schema.get(key)
        if isinstance(branches, list) and not (key != "allOf" and _named(branches, value)):
            for branch in branches:
                value = _repair(root, branch, value, here)
    for key in ("then", "else"):
        value = _repair(root, schema.get(key), value, here)
    if isinstance(value, str):
        return _repair_text(_choices(schema), value)
    if isinstance(value, dict):
        return _repair_map(root, schema, value)
    if isinstance(value, list):
        return _repair_list(root, schema, value)
    return value


def _named(branches: list[Any], value: Any) -> bool:
    """Whether one of the branches lists exactly this text, so that no other may change it."""
    if not isinstance(value, str):
        return False
    return any(isinstance(branch, Mapping) and value in _choices(branch) for branch in branches)


def _repair_text(choices: list[Any], value: str) -> str:
    if not choices or value in choices:
        return value
    folded = value.strip().casefold()
    alike = [c for c in choices if isinstance(c, str) and c.casefold() == folded]
    return alike[0] if len(alike) == 1 else value


def _repair_map(
    root: Mapping[str, Any], schema: Mapping[str, Any], value: dict[str, Any]
) -> dict[str, Any]:
    properties = schema.get("properties", {})
    extra = schema.get("additionalProperties")
    changed: dict[str, Any] = {}
    for key, item in value.items():
        child = properties.get(key, extra)
        repaired = _repair(root, child, item, frozenset())
        if repaired is not item:
            changed[key] = repaired
    return {**value, **changed} if changed else value


def _repair_list(root: Mapping[str, Any], schema: Mapping[str, Any], value: list[Any]) -> list[Any]:
    prefix = schema.get("prefixItems", [])
    rest = schema.get("items")
    items = [
        _repair(root, prefix[index] if index < len(prefix) else rest, item, frozenset())
        for index, item in enumerate(value)
    ]
    same = all(new is old for new, old in zip(items, value, strict=True))
    return value if same else items
