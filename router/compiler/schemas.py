"""JSON Schemas, checked once and enforced on every run."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from router.compiler.model import Violation
from router.compiler.schema_check import SchemaProblem, check_defaults, check_schema, resolve
from router.compiler.schema_plain import is_plain
from router.compiler.schema_repair import has_choices, repair
from router.compiler.schema_sense import contradictions
from router.compiler.schema_validator import build, is_valid, scan, violations
from router.compiler.schema_wire import to_wire

__all__ = ["CompiledSchema", "SchemaRefused", "compile_schema"]


class SchemaRefused(Exception):  # says what happened, like the public errors
    """A schema that cannot be used; `problems` says why."""

    def __init__(self, problems: tuple[SchemaProblem, ...]) -> None:
        super().__init__("; ".join(p.message for p in problems))
        self.problems = problems


def compile_schema(source: Any) -> CompiledSchema:
    """Check a schema and, where the check is not sure that it can be built, build its validator.

    Raises:
        SchemaRefused: `bad-schema`, `schema-remote-ref` or `schema-pattern`.
    """
    validator = None
    if not is_plain(source):
        problems = check_schema(source)
        if problems:
            raise SchemaRefused(problems)
        try:
            validator = build(source)
        except ValueError as error:
            message = str(error).partition("\n")[0]
            raise SchemaRefused((SchemaProblem("bad-schema", message, ()),)) from None
    problems = tuple(contradictions(source)) or tuple(check_defaults(source))
    if problems:
        raise SchemaRefused(problems)
    return CompiledSchema(source, validator)


class CompiledSchema:
    """A checked schema; satisfies `router.compiler.model.Schema`."""

    __slots__ = ("_built", "_choices", "_defaults", "_under", "_wire", "source")

    def __init__(self, source: Mapping[str, Any], validator: Any = None) -> None:
        self.source = source
        properties = source.get("properties")
        self._defaults = {
            name: child["default"]
            for name, child in (properties if isinstance(properties, Mapping) else {}).items()
            if isinstance(child, Mapping) and "default" in child
        }
        self._built = validator
        self._wire: tuple[Mapping[str, Any] | None, tuple[str, ...]] | None = None
        self._choices: bool | None = None
        self._under: dict[tuple[str, ...], tuple[Mapping[str, Any], ...]] = {}

    @property
    def _validator(self) -> Any:
        built = self._built
        if built is None:
            # Two threads may both do this once; a lock would have to survive forks.
            built = self._built = build(self.source)
        return built

    @property
    def wire(self) -> Mapping[str, Any] | None:
        """The part the API can enforce; None where it can enforce none."""
        return self._reduced()[0]

    @property
    def removed(self) -> tuple[str, ...]:
        """What `wire` lacks, as `place: keyword`; where there is no wire, the reason."""
        return self._reduced()[1]

    @property
    def names(self) -> tuple[str, ...]:
        """The properties declared at the top."""
        properties = self.source.get("properties")
        return tuple(properties) if isinstance(properties, Mapping) else ()

    @property
    def defaults(self) -> Mapping[str, Any]:
        """Top-level defaults, by property."""
        return self._defaults

    @property
    def always(self) -> frozenset[str]:
        """The properties that are there once defaults are filled in."""
        return frozenset(self.source.get("required", ())) | self._defaults.keys()

    def problems(self, value: Any, *, plain: bool = False) -> tuple[Violation, ...]:
        """Every rule that `value` breaks, at most 20; empty when it is valid.

        No message repeats text of the value, so messages may be logged. `plain` spares the look
        for what is no JSON, where the caller has just taken it.
        """
        if not plain:
            found = scan(value)
            if found is not None:
                return (found,)
        if self._validator.is_valid(value):
            return ()
        return violations(self._validator, value)

    def with_defaults(self, value: Mapping[str, Any]) -> Mapping[str, Any]:
        """`value` with top-level defaults filled in; `value` itself where none is missing."""
        if not self._defaults:
            return value
        missing = [name for name in self._defaults if name not in value]
        if not missing:
            return value
        filled = {name: copy.deepcopy(self._defaults[name]) for name in missing}
        return {**value, **filled}

    def normalise(self, value: Any) -> Any:
        """`value` with strings that differ from an enum or const member by case only put right."""
        if self._choices is None:
            self._choices = has_choices(self.source)
        if not self._choices or is_valid(self._validator, value) or scan(value) is not None:
            return value
        return repair(self.source, value)

    def at(self, path: tuple[str, ...]) -> tuple[Mapping[str, Any], ...]:
        """The schemas that values under a path of keys satisfy; empty where there never is one.

        An empty map stands for "anything": under a key that only an open map can have.
        """
        known = self._under.get(path)
        if known is None:
            found: list[Mapping[str, Any]] = [self.source]
            for step in path:
                found = [below for schema in found for below in self._below(schema, step, 0)]
            known = tuple(leaf for schema in found for leaf in self._leaves(schema, 0))
            self._under[path] = known
        return known

    def _below(self, schema: Any, step: str, depth: int) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = []
        for leaf in self._leaves(schema, depth):
            properties = leaf.get("properties")
            if isinstance(properties, Mapping) and step in properties:
                child = properties[step]
                found.append(child if isinstance(child, Mapping) else {})
            elif leaf.get("patternProperties"):
                found.append({})
            else:
                extra = leaf.get("additionalProperties")
                if isinstance(extra, Mapping) or extra is True:
                    found.append(extra if isinstance(extra, Mapping) else {})
        return found

    def _leaves(self, schema: Any, depth: int) -> list[Mapping[str, Any]]:
        """A schema and those that look at the same value beside it."""
        if not isinstance(schema, Mapping) or depth > 16:
            return []
        found = [schema]
        if "$ref" in schema:
            found += self._leaves(resolve(self.source, schema["$ref"]), depth + 1)
        for key in ("allOf", "anyOf", "oneOf"):
            for branch in schema.get(key, ()):
                found += self._leaves(branch, depth + 1)
        for key in ("then", "else"):
            found += self._leaves(schema.get(key), depth + 1)
        return found

    def _reduced(self) -> tuple[Mapping[str, Any] | None, tuple[str, ...]]:
        if self._wire is None:
            self._wire = to_wire(self.source)
        return self._wire
