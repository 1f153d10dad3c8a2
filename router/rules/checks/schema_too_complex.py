"""schema-too-complex: more choices than the API compiles into one grammar."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from router.compiler.compilation import CompiledTask
from router.rules.base import Facts, Rule
from router.rules.schemas import output_schemas, walk
from router.types import Finding, Severity

__all__ = ["RULE", "check"]

# The structured-outputs page of platform.claude.com, 2026-10-08: for each request.
_OPTIONAL, _UNIONS, _STRICT_TOOLS = 24, 16, 20


def check(compiled: CompiledTask, facts: Facts) -> Iterator[Finding]:
    task = compiled.task
    strict = [tool["input_schema"] for tool in task.tools if tool.get("strict") is True]
    if not strict and _small(compiled):
        return
    wire = task.output.wire if task.output is not None else None
    if (wire is None and not strict) or all(tier.local for tier in task.tiers):
        return
    key = "output" if wire is not None else "tools"
    if len(strict) > _STRICT_TOOLS:
        message = f"{len(strict)} strict tools; the API takes {_STRICT_TOOLS}"
        yield RULE.at(compiled.node, message, "take `strict` from some of them", key="tools")
    schemas = [*strict, *([wire] if wire is not None else [])]
    optional = sum(_optional(one) for schema in schemas for _, one in walk(schema))
    unions = sum(_is_union(one) for schema in schemas for _, one in walk(schema))
    if optional > _OPTIONAL:
        message = f"{optional} optional properties to be enforced; the API takes {_OPTIONAL}"
        yield RULE.at(compiled.node, message, "add them to `required`", key=key)
    if unions > _UNIONS:
        message = f"{unions} properties of several types; the API takes {_UNIONS}"
        yield RULE.at(compiled.node, message, "give some of them a single type", key=key)


def _small(compiled: CompiledTask) -> bool:
    """Whether the output is far from any bound, so that what is sent need not be made for it.

    What is sent has as many properties, unless it repeats parts that are referred to.
    """
    schemas = [schema for _, schema in output_schemas(compiled)]
    return len(schemas) <= _UNIONS and not any("$ref" in schema for schema in schemas)


def _optional(schema: Mapping[str, Any]) -> int:
    declared = schema.get("properties")
    if not isinstance(declared, Mapping):
        return 0
    return len(declared.keys() - set(schema.get("required", ())))


def _is_union(schema: Mapping[str, Any]) -> bool:
    return "anyOf" in schema or (isinstance(schema.get("type"), list) and len(schema["type"]) > 1)


RULE = Rule(
    name="schema-too-complex",
    severity=Severity.ERROR,
    summary="The output schema, with strict tools, is more than the API compiles.",
    avoid="output: {properties: {a: …, b: …, c: …}}  # thirty of them, none required",
    prefer="output: {required: [a, b, c], properties: {a: …, b: …, c: …}}  # all thirty",
    why=(
        "The API makes a grammar of them and refuses what is too large: 24 optional properties, "
        "16 of several types and 20 strict tools a request. Every call answers 400. A property "
        "that may be empty can be required and say so in its text."
    ),
    check=check,
)
