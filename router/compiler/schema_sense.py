"""Schemas that are well formed and can still never be satisfied, or name what is not there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from router.compiler.schema_check import Path, SchemaProblem, children
from router.policy.suggest import did_you_mean

__all__ = ["contradictions", "undeclared"]

_RANGES = (
    ("minimum", "maximum"),
    ("minLength", "maxLength"),
    ("minItems", "maxItems"),
    ("minProperties", "maxProperties"),
    ("minContains", "maxContains"),
)
_STRICT = (  # pairs of which even equal bounds leave nothing
    ("exclusiveMinimum", "maximum"),
    ("minimum", "exclusiveMaximum"),
    ("exclusiveMinimum", "exclusiveMaximum"),
)
_LOWER = frozenset({low for low, _ in (*_RANGES, *_STRICT)})
_TESTED = frozenset({"not", "if"})
"""Schemas that need not hold: nothing is wrong with one that never does."""

_BESIDE = frozenset({"allOf", "anyOf", "oneOf", "then", "else", "dependentSchemas"})
"""Schemas of the same value: what they require may be declared by another one."""


def contradictions(root: Mapping[str, Any]) -> Iterator[SchemaProblem]:
    """What keeps a checked schema, or a part of it, from ever being satisfied."""
    for path, schema, _ in _walk(root):
        if schema.get("enum") == []:
            yield SchemaProblem("bad-schema", "an empty `enum` allows no value", (*path, "enum"))
        if not _LOWER.isdisjoint(schema):
            yield from _ranges(schema, path)
        if schema.get("additionalProperties") is False:
            for index, name, hint in _missing(schema):
                message = (
                    f"`{name}` is required and not among the properties: no value is ever valid"
                )
                yield SchemaProblem("bad-schema", message, (*path, "required", index), hint)


def undeclared(root: Mapping[str, Any]) -> Iterator[SchemaProblem]:
    """Properties that a checked, open schema requires and does not declare."""
    for path, schema, beside in _walk(root):
        closed = schema.get("additionalProperties") is False
        if closed or beside or "properties" not in schema or not _BESIDE.isdisjoint(schema):
            continue
        for index, name, hint in _missing(schema):
            message = f"`{name}` is required and not among the properties: it may be anything"
            yield SchemaProblem("undeclared-required", message, (*path, "required", index), hint)


def _walk(root: Mapping[str, Any]) -> Iterator[tuple[Path, Mapping[str, Any], bool]]:
    """Every schema that has to hold, its path, and whether another one stands beside it."""
    pending: list[tuple[Path, Any, bool]] = [((), root, False)]
    while pending:
        path, schema, beside = pending.pop()
        if isinstance(schema, Mapping):
            yield path, schema, beside
            pending += [
                ((*path, *step), child, step[0] in _BESIDE)
                for step, child in children(schema)
                if step[0] not in _TESTED
            ]


def _ranges(schema: Mapping[str, Any], path: Path) -> Iterator[SchemaProblem]:
    for pairs, strict in ((_RANGES, False), (_STRICT, True)):
        for low, high in pairs:
            if low not in schema or high not in schema:
                continue
            least, most = schema[low], schema[high]
            if least > most or (strict and least == most):
                message = f"`{low}` {least} and `{high}` {most} leave no value"
                yield SchemaProblem("bad-schema", message, (*path, low))


def _missing(schema: Mapping[str, Any]) -> Iterator[tuple[int, str, str | None]]:
    """What `required` names and `properties` lacks, with its index and a hint."""
    declared = schema.get("properties") or {}
    patterns = schema.get("patternProperties") or {}
    for index, name in enumerate(schema.get("required") or ()):
        if name not in declared and not any(_matches(pattern, name) for pattern in patterns):
            yield index, name, did_you_mean(name, declared)


def _matches(pattern: str, name: str) -> bool:
    try:
        return re.search(pattern, name) is not None
    except re.error:  # spelled for another engine: not for us to judge
        return True
