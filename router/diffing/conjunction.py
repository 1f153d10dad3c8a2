"""What a conjunction of JSON Schema nodes says: types, values, names, bounds.

A node is a schema without `$ref` and `allOf`; a value satisfies all nodes of a conjunction. Each
answer here may be too wide, never too narrow: more values than pass, fewer bounds than hold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

__all__ = [
    *("BOUNDS", "EVERY", "NUMBERS", "Nodes", "atoms", "item_at", "names_of", "required_of"),
    *("types_of", "under", "values_of"),
]

Nodes = Sequence[Mapping[str, Any]]

EVERY: Final = frozenset(
    {"integer", "fraction", "string", "object", "array", "boolean", "null"}
)  # "number" is the first two
NUMBERS: Final = frozenset({"integer", "fraction"})


def atoms(types: Any) -> frozenset[str]:
    found: set[str] = set()
    for name in [types] if isinstance(types, str) else types:
        found |= NUMBERS if name == "number" else {name}
    return frozenset(found)


def types_of(nodes: Nodes) -> frozenset[str]:
    found = EVERY
    for node in nodes:
        if "type" in node:
            found &= atoms(node["type"])
    return found


def values_of(nodes: Nodes) -> list[Any] | None:
    """All values that can pass, where a node lists them or the types have only a few."""
    for node in nodes:
        if "const" in node:
            return [node["const"]]
        if "enum" in node:
            return list(node["enum"])
    kinds = types_of(nodes)
    if kinds and kinds <= {"boolean", "null"}:
        return [None] * ("null" in kinds) + [False, True] * ("boolean" in kinds)
    return None


def required_of(nodes: Nodes) -> set[str]:
    return {name for node in nodes for name in node.get("required", ())}


def names_of(nodes: Nodes) -> list[str] | None:
    """All names that properties can have; None where there is no end of them."""
    for node in nodes:
        if node.get("additionalProperties") is False and not node.get("patternProperties"):
            return list(node.get("properties", ()))
    return None


def under(nodes: Nodes, name: str | None) -> list[Any]:
    """The schemas that a property satisfies; None stands for any that no node names."""
    found = []
    for node in nodes:
        if name is not None and name in node.get("properties", {}):
            found.append(node["properties"][name])
        elif "additionalProperties" in node and not node.get("patternProperties"):
            found.append(node["additionalProperties"])
    return found


def item_at(nodes: Nodes, index: int) -> list[Any]:
    found = []
    for node in nodes:
        first = node.get("prefixItems", ())
        if index < len(first):
            found.append(first[index])
        elif "items" in node:
            found.append(node["items"])
    return found


# --- bounds ----------------------------------------------------------------------------------


def _least(key: str) -> Any:
    return lambda nodes, value: any(key in node and node[key] >= value for node in nodes)


def _most(key: str) -> Any:
    return lambda nodes, value: any(key in node and node[key] <= value for node in nodes)


def _multiple(nodes: Nodes, value: Any) -> bool:
    if value == 1 and "fraction" not in types_of(nodes):
        return True
    return any(
        isinstance(node.get("multipleOf"), int)
        and isinstance(value, int)
        and node["multipleOf"] % value == 0
        for node in nodes
    )


BOUNDS: Final[Mapping[str, tuple[Any, ...]]] = {
    "minimum": (_least("minimum"), _least("exclusiveMinimum")),
    "maximum": (_most("maximum"), _most("exclusiveMaximum")),
    "exclusiveMinimum": (
        _least("exclusiveMinimum"),
        lambda nodes, value: any("minimum" in n and n["minimum"] > value for n in nodes),
    ),
    "exclusiveMaximum": (
        _most("exclusiveMaximum"),
        lambda nodes, value: any("maximum" in n and n["maximum"] < value for n in nodes),
    ),
    "multipleOf": (_multiple,),
    "minLength": (lambda _, value: value <= 0, _least("minLength")),
    "maxLength": (_most("maxLength"),),
    "minItems": (lambda _, value: value <= 0, _least("minItems")),
    "maxItems": (_most("maxItems"),),
    "uniqueItems": (
        lambda _, value: value is False,
        lambda nodes, _: any(node.get("uniqueItems") is True for node in nodes),
        lambda nodes, _: any("maxItems" in node and node["maxItems"] <= 1 for node in nodes),
    ),
    "minProperties": (
        lambda nodes, value: len(required_of(nodes)) >= value,
        _least("minProperties"),
    ),
    "maxProperties": (
        _most("maxProperties"),
        lambda nodes, value: (names := names_of(nodes)) is not None and len(names) <= value,
    ),
}
"""How each bound can be shown from the nodes of the inner schema; one way is enough."""
