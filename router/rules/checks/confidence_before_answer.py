"""confidence-before-answer: a model says how sure it is of an answer it has not written yet."""

from __future__ import annotations

from collections.abc import Iterator

from router.compiler.compilation import CompiledTask
from router.compiler.model import FieldSignal
from router.rules.base import Facts, Rule
from router.rules.schemas import place, properties
from router.types import Finding, Severity

__all__ = ["RULE", "check"]


def check(compiled: CompiledTask, facts: Facts) -> Iterator[Finding]:
    confidence, output = compiled.task.confidence, compiled.task.output
    for signal in confidence.signals if confidence is not None else ():
        if not isinstance(signal, FieldSignal) or output is None:
            continue
        required = output.source.get("required", ())
        # What is required is written first, then the rest; each in the order of the schema.
        fields = sorted(properties(output), key=lambda name: name not in required)
        if len(fields) > 1 and fields[0] == signal.path[0] and len(signal.path) == 1:
            node, key = place(compiled, "output", ("properties", fields[0]))
            message = f"`{fields[0]}` is written before what it is the confidence of"
            yield RULE.at(node, message, f"move it behind `{fields[1]}`", key=key)


RULE = Rule(
    name="confidence-before-answer",
    severity=Severity.WARNING,
    summary="The field that states the confidence is the first of the answer.",
    avoid="properties: {confidence: {type: number}, label: {enum: [a, b]}}",
    prefer="properties: {label: {enum: [a, b]}, confidence: {type: number}}",
    why=(
        "A model writes the fields in the order of the schema, and what it writes rests on what "
        "stands before. A confidence at the beginning is a guess about an answer that is not "
        "there, and escalation hangs on it."
    ),
    configure="Put it last, or where everything it speaks of has been written.",
    check=check,
)
