"""reserved-input: an input that conditions cannot see."""

from __future__ import annotations

from collections.abc import Iterator

from router.compiler.compilation import CompiledTask
from router.rules.base import Facts, Rule
from router.rules.schemas import place, properties
from router.types import Finding, Severity

__all__ = ["RULE", "check"]

_OF_THE_RUN = ("output", "confidence", "tier", "stop_reason")


def check(compiled: CompiledTask, facts: Facts) -> Iterator[Finding]:
    declared = properties(compiled.task.input)
    for name in _OF_THE_RUN:
        if name in declared:
            node, key = place(compiled, "input", ("properties", name))
            message = f"in an escalation rule `{name}` is the run's own, and never this input"
            yield RULE.at(node, message, "give the input another name", key=key)


RULE = Rule(
    name="reserved-input",
    severity=Severity.WARNING,
    summary="An input has a name that means something else in conditions.",
    avoid="input: {properties: {tier: {enum: [free, paid]}}}",
    prefer="input: {properties: {plan: {enum: [free, paid]}}}",
    why=(
        "Conditions of escalation know `output`, `confidence`, `tier` and `stop_reason`: `tier == "
        '"paid"` compares the name of the tier that answered. In templates and start rules it is '
        "the input, so the same word means two things in one policy."
    ),
    check=check,
)
