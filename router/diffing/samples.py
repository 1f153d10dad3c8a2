"""Values near the edges of two JSON Schemas: where they differ, one of these often shows it.

Only candidates: whoever asks validates them. The same schemas give the same values in the same
order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from router.compiler.schema_check import resolve
from router.compiler.schema_validator import is_valid
from router.diffing.subset import local_validator
from router.diffing.texts import canonical

__all__ = ["samples"]

_DEEPEST: Final = 5
_MOST_PLACES: Final = 2_000
_MOST: Final = 60  # values for one place
_MOST_CHOICES: Final = 40  # of an enum
_LONGEST: Final = 20_000  # characters of a text, tried against a bound
_MOST_ITEMS: Final = 60
_OTHER: Final = "unknown_property"

_FORMATS: Final = {
    "date": "2026-01-31",
    "date-time": "2026-01-31T12:00:00Z",
    "duration": "P1D",
    "email": "a@example.org",
    "hostname": "example.org",
    "ipv4": "127.0.0.1",
    "ipv6": "::1",
    "time": "12:00:00Z",
    "uri": "https://example.org/",
    "uuid": "12345678-1234-4123-8123-123456789abc",
}


class _Place(NamedTuple):
    """The schemas that both sides put on one place of the value."""

    inner: tuple[Any, ...]
    outer: tuple[Any, ...]


def samples(inner: Mapping[str, Any], outer: Mapping[str, Any]) -> Iterator[Any]:
    """Candidates for a value that `inner` accepts and `outer` refuses."""
    yield from _Sampler(inner, outer).values(_Place((inner,), (outer,)), 0)


class _Sampler:
    def __init__(self, inner: Mapping[str, Any], outer: Mapping[str, Any]) -> None:
        self._inner = inner
        self._outer = outer
        self._left = _MOST_PLACES  # a schema that contains itself has no end of places

    def values(self, place: _Place, depth: int) -> list[Any]:
        """Distinct candidates, those that the inner schema accepts first."""
        self._left -= 1
        if self._left < 0:
            return []
        leaves = [*self._leaves(place.inner, self._inner), *self._leaves(place.outer, self._outer)]
        found: dict[str, Any] = {}
        for value in self._candidates(place, leaves, depth):
            if len(found) >= (_MOST if depth else 10 * _MOST):
                break
            found.setdefault(canonical(value), value)
        if depth == 0:
            return list(found.values())
        checks = [local_validator(one, self._inner) for one in place.inner]
        values = sorted(
            found.values(), key=lambda v: not all(c is None or is_valid(c, v) for c in checks)
        )
        return values[:_MOST]

    def _candidates(
        self, place: _Place, leaves: Sequence[Mapping[str, Any]], depth: int
    ) -> Iterator[Any]:
        for leaf in leaves:
            if "const" in leaf:
                yield leaf["const"]
            if "default" in leaf:
                yield leaf["default"]
            yield from leaf.get("examples", ())
        yield from _choices(leaves)
        kinds = {name for leaf in leaves for name in _named(leaf)}
        everything = not kinds
        if everything or kinds & {"string"}:
            yield from _texts(leaves)
        if everything or kinds & {"number", "integer"}:
            yield from _numbers(leaves)
        if everything or kinds & {"object"}:
            yield from self._objects(place, leaves, depth)
        if everything or kinds & {"array"}:
            yield from self._arrays(place, leaves, depth)
        yield from (True, False, None, 0, 0.5, "text", [], {})

    # --- objects and arrays --------------------------------------------------------------------

    def _objects(
        self, place: _Place, leaves: Sequence[Mapping[str, Any]], depth: int
    ) -> Iterator[Any]:
        if depth >= _DEEPEST:
            return
        names = list(dict.fromkeys(name for leaf in leaves for name in _spoken_of(leaf)))
        within = list(self._leaves(place.inner, self._inner))
        names.sort(key=lambda name: _alike(self._below(place, name)))  # differences first
        required = {name for leaf in within for name in leaf.get("required", ())}
        options = {name: self.values(self._below(place, name), depth + 1) for name in names}
        least = {n: (options.get(n) or ["text"])[0] for n in sorted(required)}
        known = {n for leaf in within for n in leaf.get("properties", ())}
        most = {**{n: options[n][0] for n in names if n in known and options[n]}, **least}
        yield least
        yield most
        for base in (least, most):
            for name in names:
                for value in options[name]:
                    yield {**base, name: value}
        for name in most:
            if name not in least:
                yield {key: value for key, value in most.items() if key != name}
        for value in self.values(self._below(place, _OTHER), depth + 1)[:8]:
            yield {**least, _OTHER: value}
            yield {**most, _OTHER: value}
        for size in sorted(_sizes(leaves, "minProperties", "maxProperties")):
            if len(least) < size <= _MOST_ITEMS:
                extra = (f"{_OTHER}_{number}" for number in range(size - len(least)))
                yield {**least, **dict.fromkeys(extra, "text")}

    def _arrays(
        self, place: _Place, leaves: Sequence[Mapping[str, Any]], depth: int
    ) -> Iterator[Any]:
        if depth >= _DEEPEST:
            return
        items = self.values(self._item(place), depth + 1)
        sizes = _sizes(leaves, "minItems", "maxItems")
        if any("uniqueItems" in leaf for leaf in leaves):
            sizes.add(2)
        for size in sorted(size for size in sizes if size <= _MOST_ITEMS):
            yield items[:1] * size
            if size > 1:
                yield (items * size)[:size]
                yield list(range(size))
                yield [f"item {number}" for number in range(size)]
        least = min((size for size in sizes if size > 0), default=1)
        for item in items:
            yield [item]
            if 1 < least <= _MOST_ITEMS:
                yield [item] * least

    def _below(self, place: _Place, name: str) -> _Place:
        return _Place(
            tuple(_property(self._leaves(place.inner, self._inner), name)),
            tuple(_property(self._leaves(place.outer, self._outer), name)),
        )

    def _item(self, place: _Place) -> _Place:
        return _Place(
            tuple(leaf["items"] for leaf in self._leaves(place.inner, self._inner) if _has(leaf)),
            tuple(leaf["items"] for leaf in self._leaves(place.outer, self._outer) if _has(leaf)),
        )

    def _leaves(
        self, schemas: Sequence[Any], root: Mapping[str, Any], depth: int = 0
    ) -> Iterator[Mapping[str, Any]]:
        """Schemas and all that may look at the same value."""
        for schema in schemas if depth < 16 else ():
            if not isinstance(schema, Mapping):
                continue
            yield schema
            beside = [resolve(root, schema["$ref"])] if "$ref" in schema else []
            for key in ("allOf", "anyOf", "oneOf"):
                beside += schema.get(key, [])
            beside += [schema[key] for key in ("if", "then", "else") if key in schema]
            yield from self._leaves(beside, root, depth + 1)


def _sizes(leaves: Sequence[Mapping[str, Any]], least: str, most: str) -> set[int]:
    """Sizes at and around every bound."""
    bounds = [int(leaf[key]) for leaf in leaves for key in (least, most) if key in leaf]
    return {0, 1} | {size for n in bounds for size in (n - 1, n, n + 1) if size >= 0}


def _spoken_of(leaf: Mapping[str, Any]) -> Iterator[str]:
    """Names of properties that a schema knows."""
    yield from leaf.get("properties", ())
    names = leaf.get("propertyNames")
    if isinstance(names, Mapping):
        yield from (name for name in names.get("enum", ()) if isinstance(name, str))
    yield from leaf.get("dependentRequired", ())


def _choices(leaves: Sequence[Mapping[str, Any]]) -> Iterator[Any]:
    """Values of enums, first those that not every enum has."""
    lists = [leaf["enum"] for leaf in leaves if "enum" in leaf]
    counts = Counter(canonical(value) for values in lists for value in values)
    every = sorted(
        (value for values in lists for value in values),
        key=lambda value: counts[canonical(value)] == len(lists),
    )
    yield from every[:_MOST_CHOICES]


def _named(leaf: Mapping[str, Any]) -> Sequence[str]:
    kind = leaf.get("type", ())
    return (kind,) if isinstance(kind, str) else tuple(kind)


def _alike(place: _Place) -> bool:
    """Whether both sides say the same of a place; what refers elsewhere may not."""
    texts = [[canonical(one) for one in side] for side in place]
    return texts[0] == texts[1] and not any("$ref" in text for text in texts[0])


def _has(leaf: Mapping[str, Any]) -> bool:
    return "items" in leaf


def _property(leaves: Iterator[Mapping[str, Any]], name: str) -> Iterator[Any]:
    for leaf in leaves:
        if name in leaf.get("properties", {}):
            yield leaf["properties"][name]
        elif isinstance(leaf.get("additionalProperties"), Mapping):
            yield leaf["additionalProperties"]


def _texts(leaves: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield from (_FORMATS[leaf["format"]] for leaf in leaves if leaf.get("format") in _FORMATS)
    for size in sorted(s for s in _sizes(leaves, "minLength", "maxLength") if s <= _LONGEST):
        yield "a" * size
    yield from ("0", "A b.")


def _numbers(leaves: Sequence[Mapping[str, Any]]) -> Iterator[Any]:
    yield from (0, 1, 0.5, -1)
    for leaf in leaves:
        for key in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"):
            if key in leaf:
                bound = leaf[key]
                yield from (bound, bound + 1, bound - 1, bound + 0.5, bound - 0.5)
                if isinstance(bound, float):
                    yield from (int(bound), int(bound) + 1)
