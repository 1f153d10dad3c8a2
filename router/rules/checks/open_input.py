"""open-input: a misspelt input is taken, and does nothing."""

from __future__ import annotations

from collections.abc import Iterator

from router.compiler.compilation import CompiledTask
from router.rules.base import Facts, Rule
from router.rules.schemas import properties
from router.types import Finding, Severity

__all__ = ["RULE", "check"]

_CLOSED = frozenset({"additionalProperties", "unevaluatedProperties", "$ref", "allOf"})


def check(compiled: CompiledTask, facts: Facts) -> Iterator[Finding]:
    schema = compiled.task.input
    if schema is None or not _CLOSED.isdisjoint(schema.source):
        return
    optional = [n for n in properties(schema) if n not in schema.source.get("required", ())]
    if optional:
        message = f"an input that is misspelt is taken, and `{optional[0]}` counts as not given"
        yield RULE.at(compiled.node, message, "add `additionalProperties: false`", key="input")


RULE = Rule(
    name="open-input",
    severity=Severity.INFO,
    summary="The `input` schema has optional properties and takes others that it does not name.",
    avoid="input: {type: object, properties: {plan: {enum: [free, paid], default: free}}}",
    prefer=(
        "input:\n  type: object\n  additionalProperties: false\n"
        "  properties: {plan: {enum: [free, paid], default: free}}"
    ),
    why=(
        "A caller that sends `pln` gets an answer for the default plan, and no error. A closed "
        "schema refuses the call before anything is spent, and names the input that was meant."
    ),
    check=check,
)
