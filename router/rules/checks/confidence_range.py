"""confidence-range: a confidence that the schema lets leave 0..1."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from router.compiler.compilation import CompiledTask
from router.compiler.model import FieldSignal
from router.rules.base import Facts, Rule
from router.rules.schemas import checked
from router.types import Finding, Severity

__all__ = ["RULE", "check"]


def check(compiled: CompiledTask, facts: Facts) -> Iterator[Finding]:
    task = compiled.task
    if task.confidence is None or task.output is None:
        return
    if not any(rule.below is not None for tier in task.tiers for rule in tier.escalate):
        return
    for signal in task.confidence.signals:
        if not isinstance(signal, FieldSignal):
            continue
        said = next(filter(None, map(_outside, checked(task.output).at(signal.path))), None)
        if said is not None:
            name = ".".join(("output", *signal.path))
            yield RULE.at(
                compiled.node,
                f"the schema lets `{name}` be {said}; a confidence is from 0 to 1",
                "write `minimum: 0, maximum: 1`, and ask for such a number in the prompt",
                key="confidence",
            )


def _outside(schema: Mapping[str, Any]) -> str | None:
    """A value beyond 0..1 that the schema speaks of."""
    for name in ("maximum", "exclusiveMaximum"):
        if _is_number(schema.get(name)) and schema[name] > 1:
            return f"up to {schema[name]}"
    for name in ("minimum", "exclusiveMinimum"):
        if _is_number(schema.get(name)) and (schema[name] < 0 or schema[name] > 1):
            return f"{schema[name]}"
    for choice in schema.get("enum", [schema.get("const")]):
        if _is_number(choice) and not 0 <= choice <= 1:
            return f"{choice}"
    return None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


RULE = Rule(
    name="confidence-range",
    severity=Severity.WARNING,
    summary="The schema lets the confidence be a number outside 0..1.",
    avoid="confidence: {type: integer, minimum: 0, maximum: 100}",
    prefer="confidence: {type: number, minimum: 0, maximum: 1}",
    why=(
        "Thresholds are between 0 and 1. A confidence of 85 is none to them: it counts as not "
        "confident, and every answer escalates at the price of both tiers."
    ),
    configure="Give the field the range 0 to 1 and ask for that in the prompt.",
    check=check,
)
