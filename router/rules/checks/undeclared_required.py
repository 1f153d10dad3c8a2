"""undeclared-required: `required` names what `properties` does not have."""

from __future__ import annotations

from collections.abc import Iterator

from router.compiler.compilation import CompiledTask
from router.compiler.schema_sense import undeclared
from router.rules.base import Facts, Rule
from router.rules.schemas import place
from router.types import Finding, Severity

__all__ = ["RULE", "check"]


def check(compiled: CompiledTask, facts: Facts) -> Iterator[Finding]:
    for key, schema in (("input", compiled.task.input), ("output", compiled.task.output)):
        if schema is None:
            continue
        for problem in undeclared(schema.source):
            node, within = place(compiled, key, problem.path)
            yield RULE.at(node, problem.message, problem.help, key=within)


RULE = Rule(
    name="undeclared-required",
    severity=Severity.WARNING,
    summary="A schema requires a property that it does not declare.",
    avoid="required: [label, confidnce]\nproperties: {label: {}, confidence: {}}",
    prefer="required: [label, confidence]\nproperties: {label: {}, confidence: {}}",
    why=(
        "Mostly the name is misspelt: the property that was meant may be left out, and the one "
        "that is asked for may hold anything. With `additionalProperties: false` nothing at all "
        "would be valid, which is an error (bad-schema)."
    ),
    configure="Correct the name, or declare the property; `{}` allows any value.",
    check=check,
)
