"""Is every value that one JSON Schema accepts also accepted by another? A proof, or none.

A proof is looked for keyword by keyword, as JSON Schema 2020-12 reads them. Whatever the search
does not understand counts as unproved, never as proved; so True is always right, and False says
only that no proof was found. Soundness rests on three things:

- Of the inner schema, keywords may be left out of account: that makes its set larger. Of the outer
  schema, each one must be shown.
- A pair of schemas that is met again below itself may be assumed: instances are finite, and the
  compiler refuses schemas that refer to themselves without going into the value.
- Values of an enum are not reasoned about but validated, by the validator of the hot path.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from router.compiler.schema_check import resolve
from router.compiler.schema_validator import build, is_valid
from router.compiler.schema_words import ANNOTATIONS
from router.diffing.texts import canonical

__all__ = ["Proof", "local_validator"]

Schema = Any  # a map, or a boolean
_Nodes = Sequence[Mapping[str, Any]]

_FUEL: Final = 20_000  # steps, after which a proof is given up
_EVERY: Final = frozenset(
    {"integer", "fraction", "string", "object", "array", "boolean", "null"}
)  # "number" is the first two
_NUMBERS: Final = frozenset({"integer", "fraction"})

_DOMAIN: Final = {
    **dict.fromkeys(
        ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"), _NUMBERS
    ),
    **dict.fromkeys(("minLength", "maxLength", "pattern", "format"), frozenset({"string"})),
    **dict.fromkeys(
        ("items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains"),
        frozenset({"array"}),
    ),
    **dict.fromkeys(
        {
            *("properties", "patternProperties", "additionalProperties", "required"),
            *("minProperties", "maxProperties", "propertyNames"),
            *("dependentRequired", "dependentSchemas"),
        },
        frozenset({"object"}),
    ),
}
"""The types that a keyword says anything about."""

_TOGETHER: Final = {
    "items": ("items", "prefixItems"),
    "prefixItems": ("prefixItems",),
    "additionalProperties": ("additionalProperties", "properties", "patternProperties"),
    "contains": ("contains", "minContains", "maxContains"),
    "if": ("if", "then", "else"),
}
"""Keywords whose meaning depends on others beside them."""

_PASSIVE: Final = ANNOTATIONS | {
    *("$schema", "$defs", "then", "else", "minContains", "maxContains")
}
"""Keywords that assert nothing, or nothing without the one that they belong to."""


class Proof:
    """One attempt to show that `inner` accepts nothing that `outer` refuses.

    `gaps` are the places, as `path: keyword`, where it failed; a later way around a gap may have
    succeeded, so they mean something only where there is no proof.
    """

    def __init__(self, inner: Mapping[str, Any], outer: Mapping[str, Any]) -> None:
        self._inner = inner
        self._outer = outer
        self._one_scope = canonical(inner.get("$defs", {})) == canonical(outer.get("$defs", {}))
        self._one_scope &= _within_defs(inner.get("$defs", {}))
        self._fuel = _FUEL
        self._assumed: set[tuple[tuple[str, ...], str]] = set()
        self.gaps: list[str] = []

    def found(self) -> bool:
        """Whether there is a proof."""
        try:
            return self._holds((self._inner,), self._outer, "")
        except RecursionError:
            return False

    # --- one pair ----------------------------------------------------------------------------

    def _holds(self, inner: Sequence[Schema], outer: Schema, path: str) -> bool:
        """Whether what all of `inner` accept, `outer` accepts."""
        if outer is True or (isinstance(outer, Mapping) and not outer.keys() - _PASSIVE):
            return True
        if any(self._same(one, outer) for one in inner):
            return True
        self._fuel -= 1
        if self._fuel < 0:
            return False
        pair = tuple(sorted(canonical(one) for one in inner)), canonical(outer)
        if pair in self._assumed:
            return True
        self._assumed.add(pair)
        try:
            nodes = list(self._flat(inner))
            return any(node is False for node in nodes) or self._cases(nodes, outer, path)
        finally:
            self._assumed.discard(pair)

    def _cases(self, nodes: _Nodes, outer: Schema, path: str) -> bool:
        """Directly, or case by case of what the inner schema offers to choose from."""
        values = _values(nodes)
        if values is not None:
            if self._all_valid(values, nodes, outer):
                return True
            self.gaps.append(f"{path or 'the value'}: {_what(outer)}")
            return False
        known = len(self.gaps)
        if outer is not False and self._direct(nodes, outer, path):
            return True
        for cases in self._splits(nodes):
            if all(self._holds(case, outer, path) for case in cases):
                del self.gaps[known:]
                return True
        if outer is False:
            self.gaps.append(f"{path or 'the value'}: is no longer allowed")
        return False

    def _direct(self, nodes: _Nodes, outer: Mapping[str, Any], path: str) -> bool:
        held = True
        for key in outer:
            if key in _PASSIVE or key.startswith("x-"):
                continue
            if self._keyword(nodes, outer, key, path):
                continue
            if key not in _DEEP:
                self.gaps.append(f"{path or 'the value'}: {key}")
            held = False
        return held

    def _keyword(self, nodes: _Nodes, outer: Mapping[str, Any], key: str, path: str) -> bool:
        domain = _DOMAIN.get(key)
        if domain is not None and not domain & _types(nodes):
            return True
        group = _TOGETHER.get(key, (key,))
        if not key.startswith("unevaluated") and any(
            key in node and all(self._same(node.get(k), outer.get(k)) for k in group)
            for node in nodes
        ):
            return True
        value = outer[key]
        if key in _BOUNDS:
            return any(shown(nodes, value) for shown in _BOUNDS[key])
        if key == "type":
            return _types(nodes) <= _atoms(value)
        if key == "$ref":
            return self._holds(nodes, resolve(self._outer, value), path)
        if key == "required":
            return _required(nodes).issuperset(value)
        return self._nested(nodes, outer, key, path)

    def _nested(self, nodes: _Nodes, outer: Mapping[str, Any], key: str, path: str) -> bool:
        value = outer[key]
        if key in ("properties", "patternProperties", "additionalProperties"):
            return self._object(nodes, outer, path)
        if key in ("items", "prefixItems"):
            return self._array(nodes, outer, path)
        if key == "allOf":
            return all(self._holds(nodes, one, path) for one in value)
        if key == "anyOf":
            return any(self._holds(nodes, one, path) for one in value)
        if key == "oneOf":
            return self._exactly_one(nodes, value, path)
        if key == "if":
            return all(self._holds(nodes, outer.get(k, True), path) for k in ("then", "else"))
        if key == "propertyNames":
            names = _names(nodes)
            return names is not None and self._all_valid(names, (), value)
        if key == "dependentRequired":
            given = _required(nodes)
            return all(
                given.issuperset(needed) or self._forbids(nodes, name)
                for name, needed in value.items()
            )
        if key == "dependentSchemas":
            return all(
                self._forbids(nodes, name) or self._holds(nodes, schema, path)
                for name, schema in value.items()
            )
        return False  # enum and const over what is no enum; not; unevaluated…; anything new

    # --- into the value ----------------------------------------------------------------------

    def _object(self, nodes: _Nodes, outer: Mapping[str, Any], path: str) -> bool:
        declared = outer.get("properties", {})
        patterns = outer.get("patternProperties", {})
        others = outer.get("additionalProperties", True)
        names = {*declared, *(name for node in nodes for name in node.get("properties", ()))}
        for name in sorted(names):
            wanted = [declared[name]] if name in declared else []
            wanted += [schema for pattern, schema in patterns.items() if _matches(pattern, name)]
            given = _under(nodes, name)
            below = f"{path}.{name}" if path else name
            if not all(self._holds(given, one, below) for one in wanted or [others]):
                return False
        rest = _under(nodes, None)
        below = f"{path}.*" if path else "other properties"
        return all(self._holds(rest, one, below) for one in (*patterns.values(), others))

    def _array(self, nodes: _Nodes, outer: Mapping[str, Any], path: str) -> bool:
        first = outer.get("prefixItems", ())
        longest = max(len(one.get("prefixItems", ())) for one in (outer, *nodes))
        most = min((node["maxItems"] for node in nodes if "maxItems" in node), default=None)
        for index in range(longest):
            if most is not None and index >= most:
                return True
            wanted = first[index] if index < len(first) else outer.get("items", True)
            if not self._holds(_item(nodes, index), wanted, f"{path}[{index}]"):
                return False
        if most is not None and longest >= most:
            return True
        return self._holds(_item(nodes, longest), outer.get("items", True), f"{path}[]")

    def _forbids(self, nodes: _Nodes, name: str) -> bool:
        return any(node is False for node in self._flat(_under(nodes, name)))

    # --- choices -----------------------------------------------------------------------------

    def _splits(self, nodes: _Nodes) -> Iterator[list[tuple[Schema, ...]]]:
        """Ways to take the inner schema apart; in each, every value falls under some case."""
        for index, node in enumerate(nodes):
            for key in ("anyOf", "oneOf"):
                if key in node:
                    left = {k: v for k, v in node.items() if k != key}
                    beside = (*nodes[:index], left, *nodes[index + 1 :])
                    yield [(*beside, branch) for branch in node[key]]
                    return
        kinds = _types(nodes)
        if len(kinds) > 1 and kinds != _EVERY:
            words = {"fraction": "number"}
            named = sorted({words.get(kind, kind) for kind in kinds})
            if "number" in named and "integer" in named:
                named.remove("integer")
            if len(named) > 1:
                yield [(*nodes, {"type": name}) for name in named]

    def _exactly_one(self, nodes: _Nodes, branches: Sequence[Schema], path: str) -> bool:
        for index, branch in enumerate(branches):
            others = (*branches[:index], *branches[index + 1 :])
            if all(self._apart(nodes, other) for other in others):
                return self._holds(nodes, branch, path)
        return False

    def _apart(self, nodes: _Nodes, outer: Schema) -> bool:
        """Whether no value of the inner schema is one of the outer; False where nobody knows."""
        theirs = list(self._flat((outer,), of_outer=True))
        if any(node is False for node in (*nodes, *theirs)):
            return True
        if not _types(nodes) & _types(theirs):
            return True
        values = _values(nodes)
        if values is not None:
            validator = local_validator(outer, self._outer)
            return validator is not None and not any(is_valid(validator, v) for v in values)
        if _types(nodes) != {"object"}:
            return False
        for name in _required(nodes):
            for node in theirs:
                schema = node.get("properties", {}).get(name)
                if schema is not None:
                    given = list(self._flat(_under(nodes, name)))
                    if self._apart(given, schema):
                        return True
        return any(self._forbids(nodes, name) for name in _required(theirs))

    # --- schemas -----------------------------------------------------------------------------

    def _flat(self, schemas: Iterable[Schema], *, of_outer: bool = False) -> Iterator[Any]:
        """Schemas and all that look at the same value for certain; False where nothing passes."""
        root = self._outer if of_outer else self._inner
        for schema in schemas:
            if schema is False:
                yield False
            if not isinstance(schema, Mapping):
                continue
            yield {k: v for k, v in schema.items() if k not in ("$ref", "allOf")}
            if "$ref" in schema:
                yield from self._flat((resolve(root, schema["$ref"]),), of_outer=of_outer)
            yield from self._flat(schema.get("allOf", ()), of_outer=of_outer)

    def _same(self, one: Any, other: Any) -> bool:
        text = canonical(one)
        if text != canonical(other):
            return False
        # The same words may refer to different schemas.
        return "$ref" not in text or (self._one_scope and _within_defs(one))

    def _all_valid(self, values: Sequence[Any], nodes: _Nodes, outer: Schema) -> bool:
        validator = local_validator(outer, self._outer)
        if validator is None:
            return False
        wrong = [value for value in values if not is_valid(validator, value)]
        for node in nodes if wrong else ():
            own = local_validator(node, self._inner)
            if own is not None:
                wrong = [value for value in wrong if is_valid(own, value)]
        return not wrong


def local_validator(schema: Schema, root: Mapping[str, Any]) -> Any:
    """A validator for one schema of a root; None where it refers to more than `$defs`."""
    local = {"allOf": [schema], "$defs": root.get("$defs", {})}
    if not _within_defs(local):
        return None
    try:
        return build(local)
    except ValueError:
        return None


_DEEP: Final = frozenset(
    {"properties", "patternProperties", "additionalProperties", "items", "prefixItems", "allOf"}
    | {"$ref"}
)
"""Keywords that say themselves where the gap is."""


def _what(outer: Schema) -> str:
    if isinstance(outer, Mapping):
        return next((key for key in ("enum", "const", "type") if key in outer), "its schema")
    return "is no longer allowed"


def _within_defs(value: Any) -> bool:
    """Whether every reference in a schema leads to `$defs`."""
    if isinstance(value, Mapping):
        own = value.get("$ref", "#/$defs/")
        if isinstance(own, str) and not own.startswith("#/$defs/"):
            return False
        return all(_within_defs(child) for child in value.values())
    if isinstance(value, list):
        return all(_within_defs(child) for child in value)
    return True


# --- what a conjunction of nodes says --------------------------------------------------------


def _atoms(types: Any) -> frozenset[str]:
    found: set[str] = set()
    for name in [types] if isinstance(types, str) else types:
        found |= _NUMBERS if name == "number" else {name}
    return frozenset(found)


def _types(nodes: _Nodes) -> frozenset[str]:
    found = _EVERY
    for node in nodes:
        if "type" in node:
            found &= _atoms(node["type"])
    return found


def _values(nodes: _Nodes) -> list[Any] | None:
    """All values that can pass, where a node lists them or the types have only a few."""
    for node in nodes:
        if "const" in node:
            return [node["const"]]
        if "enum" in node:
            return list(node["enum"])
    kinds = _types(nodes)
    if kinds and kinds <= {"boolean", "null"}:
        return [None] * ("null" in kinds) + [False, True] * ("boolean" in kinds)
    return None


def _required(nodes: _Nodes) -> set[str]:
    return {name for node in nodes for name in node.get("required", ())}


def _names(nodes: _Nodes) -> list[str] | None:
    """All names that properties can have; None where there is no end of them."""
    for node in nodes:
        if node.get("additionalProperties") is False and not node.get("patternProperties"):
            return list(node.get("properties", ()))
    return None


def _under(nodes: _Nodes, name: str | None) -> list[Schema]:
    """The schemas that a property satisfies; None stands for any that no node names."""
    found = []
    for node in nodes:
        if name is not None and name in node.get("properties", {}):
            found.append(node["properties"][name])
        elif "additionalProperties" in node and not node.get("patternProperties"):
            found.append(node["additionalProperties"])
    return found


def _item(nodes: _Nodes, index: int) -> list[Schema]:
    found = []
    for node in nodes:
        first = node.get("prefixItems", ())
        if index < len(first):
            found.append(first[index])
        elif "items" in node:
            found.append(node["items"])
    return found


def _matches(pattern: str, name: str) -> bool:
    """By the validator's own engine; what it cannot compile was refused before."""
    return is_valid(build({"pattern": pattern}), name)


# --- bounds ----------------------------------------------------------------------------------


def _least(key: str) -> Any:
    return lambda nodes, value: any(key in node and node[key] >= value for node in nodes)


def _most(key: str) -> Any:
    return lambda nodes, value: any(key in node and node[key] <= value for node in nodes)


def _multiple(nodes: _Nodes, value: Any) -> bool:
    if value == 1 and "fraction" not in _types(nodes):
        return True
    return any(
        isinstance(node.get("multipleOf"), int)
        and isinstance(value, int)
        and node["multipleOf"] % value == 0
        for node in nodes
    )


_BOUNDS: Final[Mapping[str, tuple[Any, ...]]] = {
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
        lambda nodes, value: len(_required(nodes)) >= value,
        _least("minProperties"),
    ),
    "maxProperties": (
        _most("maxProperties"),
        lambda nodes, value: (names := _names(nodes)) is not None and len(names) <= value,
    ),
}
"""How each bound can be shown from the nodes of the inner schema; one way is enough."""
