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
from router.diffing.conjunction import (
    BOUNDS,
    EVERY,
    NUMBERS,
    Nodes,
    atoms,
    item_at,
    names_of,
    required_of,
    types_of,
    under,
    values_of,
)
from router.diffing.texts import canonical

__all__ = ["Proof", "local_validator"]

Schema = Any  # a map, or a boolean

_FUEL: Final = 5_000  # steps, after which a proof is given up

_DOMAIN: Final = {
    **dict.fromkeys(
        ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"), NUMBERS
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

_TAKEN_APART: Final = frozenset({"$ref", "allOf", "unevaluatedItems", "unevaluatedProperties"})
"""Keywords that a node of the inner schema goes without: its parts stand beside it. What is left
unevaluated depends on those parts, so that without them it would forbid more than it does."""

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
        self._fuel, self._fuel_apart = _FUEL, 6 * _FUEL
        self._built: dict[str, Any] = {}
        self._assumed: set[tuple[tuple[str, ...], str]] = set()
        self.gaps: list[str] = []

    def found(self) -> bool:
        """Whether there is a proof."""
        if canonical(self._inner) == canonical(self._outer):
            return True
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

    def _cases(self, nodes: Nodes, outer: Schema, path: str) -> bool:
        """Directly, or case by case of what the inner schema offers to choose from."""
        values = values_of(nodes)
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

    def _direct(self, nodes: Nodes, outer: Mapping[str, Any], path: str) -> bool:
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

    def _keyword(self, nodes: Nodes, outer: Mapping[str, Any], key: str, path: str) -> bool:
        domain = _DOMAIN.get(key)
        if domain is not None and not domain & types_of(nodes):
            return True
        group = _TOGETHER.get(key, (key,))
        if not key.startswith("unevaluated") and any(
            key in node and all(self._same(node.get(k), outer.get(k)) for k in group)
            for node in nodes
        ):
            return True
        value = outer[key]
        if key in BOUNDS:
            return any(shown(nodes, value) for shown in BOUNDS[key])
        if key == "type":
            return types_of(nodes) <= atoms(value)
        if key == "$ref":
            return self._holds(nodes, resolve(self._outer, value), path)
        if key == "required":
            return required_of(nodes).issuperset(value)
        return self._nested(nodes, outer, key, path)

    def _nested(self, nodes: Nodes, outer: Mapping[str, Any], key: str, path: str) -> bool:
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
            names = names_of(nodes)
            return names is not None and self._all_valid(names, (), value)
        if key == "dependentRequired":
            given = required_of(nodes)
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

    def _object(self, nodes: Nodes, outer: Mapping[str, Any], path: str) -> bool:
        declared = outer.get("properties", {})
        patterns = outer.get("patternProperties", {})
        others = outer.get("additionalProperties", True)
        names = {*declared, *(name for node in nodes for name in node.get("properties", ()))}
        for name in sorted(names):
            wanted = [declared[name]] if name in declared else []
            wanted += [schema for pattern, schema in patterns.items() if _matches(pattern, name)]
            given = under(nodes, name)
            below = f"{path}.{name}" if path else name
            if not all(self._holds(given, one, below) for one in wanted or [others]):
                return False
        rest = under(nodes, None)
        below = f"{path}.*" if path else "other properties"
        return all(self._holds(rest, one, below) for one in (*patterns.values(), others))

    def _array(self, nodes: Nodes, outer: Mapping[str, Any], path: str) -> bool:
        first = outer.get("prefixItems", ())
        longest = max(len(one.get("prefixItems", ())) for one in (outer, *nodes))
        most = min((node["maxItems"] for node in nodes if "maxItems" in node), default=None)
        for index in range(longest):
            if most is not None and index >= most:
                return True
            wanted = first[index] if index < len(first) else outer.get("items", True)
            if not self._holds(item_at(nodes, index), wanted, f"{path}[{index}]"):
                return False
        if most is not None and longest >= most:
            return True
        return self._holds(item_at(nodes, longest), outer.get("items", True), f"{path}[]")

    def _forbids(self, nodes: Nodes, name: str) -> bool:
        return any(node is False for node in self._flat(under(nodes, name)))

    # --- choices -----------------------------------------------------------------------------

    def _splits(self, nodes: Nodes) -> Iterator[list[tuple[Schema, ...]]]:
        """Ways to take the inner schema apart; in each, every value falls under some case."""
        for index, node in enumerate(nodes):
            for key in ("anyOf", "oneOf"):
                if key in node:
                    left = {k: v for k, v in node.items() if k != key}
                    beside = (*nodes[:index], left, *nodes[index + 1 :])
                    yield [(*beside, branch) for branch in node[key]]
                    return
        kinds = types_of(nodes)
        if len(kinds) > 1 and kinds != EVERY:
            words = {"fraction": "number"}
            named = sorted({words.get(kind, kind) for kind in kinds})
            if "number" in named and "integer" in named:
                named.remove("integer")
            if len(named) > 1:
                yield [(*nodes, {"type": name}) for name in named]

    def _exactly_one(self, nodes: Nodes, branches: Sequence[Schema], path: str) -> bool:
        possible = [branch for branch in branches if not self._apart(nodes, branch)]
        return len(possible) == 1 and self._holds(nodes, possible[0], path)

    def _apart(self, nodes: Nodes, outer: Schema) -> bool:
        """Whether no value of the inner schema is one of the outer; False where nobody knows."""
        self._fuel_apart -= 1
        if self._fuel_apart < 0:
            return False
        theirs = list(self._flat((outer,), of_outer=True))
        if any(node is False for node in (*nodes, *theirs)):
            return True
        if not types_of(nodes) & types_of(theirs):
            return True
        values = values_of(nodes)
        if values is not None:
            validator = self._checker(outer)
            return validator is not None and not any(is_valid(validator, v) for v in values)
        if types_of(nodes) != {"object"}:
            return False
        for name in required_of(nodes):
            for node in theirs:
                schema = node.get("properties", {}).get(name)
                if schema is not None:
                    given = list(self._flat(under(nodes, name)))
                    if self._apart(given, schema):
                        return True
        return any(self._forbids(nodes, name) for name in required_of(theirs))

    # --- schemas -----------------------------------------------------------------------------

    def _flat(self, schemas: Iterable[Schema], *, of_outer: bool = False) -> Iterator[Any]:
        """Schemas and all that look at the same value for certain; False where nothing passes."""
        root = self._outer if of_outer else self._inner
        for schema in schemas:
            if schema is False:
                yield False
            if not isinstance(schema, Mapping):
                continue
            yield {k: v for k, v in schema.items() if k not in _TAKEN_APART}
            if "$ref" in schema:
                yield from self._flat((resolve(root, schema["$ref"]),), of_outer=of_outer)
            yield from self._flat(schema.get("allOf", ()), of_outer=of_outer)

    def _same(self, one: Any, other: Any) -> bool:
        text = canonical(one)
        if text != canonical(other):
            return False
        # The same words may refer to different schemas.
        return "$ref" not in text or (self._one_scope and _within_defs(one))

    def _checker(self, outer: Schema) -> Any:
        """The validator of a part of the outer schema, built once."""
        text = canonical(outer)
        if text not in self._built:
            self._built[text] = local_validator(outer, self._outer)
        return self._built[text]

    def _all_valid(self, values: Sequence[Any], nodes: Nodes, outer: Schema) -> bool:
        validator = self._checker(outer)
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


def _matches(pattern: str, name: str) -> bool:
    """By the validator's own engine; what it cannot compile was refused before."""
    return is_valid(build({"pattern": pattern}), name)
