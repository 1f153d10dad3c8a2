"""unbounded-input: nothing bounds what one call may cost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from router.compiler.compilation import CompiledTask
from router.policy.edits import fix, insert_after, is_own
from router.rules.base import Facts, Rule
from router.rules.prompts import media_inputs
from router.rules.schemas import max_chars, place, properties
from router.types import Finding, Fix, Severity

__all__ = ["RULE", "check"]

_BOUND = "maxLength: 8000"  # about 3,200 tokens: a long letter


def check(compiled: CompiledTask, facts: Facts) -> Iterator[Finding]:
    schema = compiled.task.input
    if schema is None:
        return
    beside = media_inputs(compiled)
    for name, child in properties(schema).items():
        if name in beside or max_chars(child, schema.source) is not None:
            continue
        node, key = place(compiled, "input", ("properties", name))
        kind = child.get("type") if isinstance(child, dict) else None
        remedy = _fix(compiled, name) if kind == "string" else None
        message = f"nothing bounds the length of `{name}`"
        yield RULE.at(node, message, _help(kind), key=key, fix=remedy)


def _fix(compiled: CompiledTask, name: str) -> Fix | None:
    node = compiled.node.at("input", "properties", name)
    if node is None or not is_own(node, compiled.node):
        return None
    return fix(f"add `{_BOUND}`", insert_after(node, "type", _BOUND), safe=False)


def _help(kind: Any) -> str:
    if kind == "string":
        return "add `maxLength` (2.5 characters are about a token)"
    if kind == "array":
        return "add `maxItems`, and bound its `items`"
    if kind == "object":
        return (
            "bound each of its properties, and set `additionalProperties: false`; a map is bounded "
            "by `maxProperties`, its values, and `propertyNames: {maxLength: …}`"
        )
    return "say its `type`, and bound it"


RULE = Rule(
    name="unbounded-input",
    severity=Severity.WARNING,
    summary="An input may be of any length.",
    avoid="message: {type: string}",
    prefer="message: {type: string, maxLength: 8000}",
    why=(
        "Without a bound one caller can fill the context window: no worst case of cost or time "
        "can be given before the call. Images, documents and turns are bounded by the API."
    ),
    configure="Set a generous bound; inputs over it are refused before any token is spent.",
    mends="unsafe",
    check=check,
)
