"""constant-condition: a rule that always holds, or never."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from router.compiler.compilation import CompiledTask
from router.compiler.evaluation import Comparison
from router.compiler.model import AgreementSignal
from router.rules.base import Facts, Rule
from router.rules.conditions import compared, comparison_place, written_conditions
from router.rules.ladder import tier_nodes
from router.types import Finding, Severity

__all__ = ["RULE", "check"]


def check(compiled: CompiledTask, facts: Facts) -> Iterator[Finding]:
    for written in written_conditions(compiled):
        if not written.condition.names:
            always = "always" if written.condition.holds({}) else "never"
            yield RULE.at(written.node, f"this condition {always} holds", "name what decides")
    for written, comparison, schema in compared(compiled):
        said = _decided(schema, comparison)
        if said is not None:
            yield RULE.at_place(comparison_place(written, comparison), said)
    least, why = _least(compiled)
    for tier, node in tier_nodes(compiled):
        for index, rule in enumerate(tier.escalate):
            if rule.below is not None and rule.below <= least:
                place = node.at("escalate", index, "below") or node
                message = f"no confidence is below {rule.below:g}{why}: this rule never holds"
                yield RULE.at(place, message, "remove it, or raise the threshold")


def _least(compiled: CompiledTask) -> tuple[float, str]:
    """The least confidence that there can be, and why it is not 0."""
    confidence = compiled.task.confidence
    signals = confidence.signals if confidence is not None else ()
    if len(signals) == 1 and isinstance(signals[0], AgreementSignal):
        samples = signals[0].samples
        return 1 / samples, f" (one sample of {samples} agrees with itself)"
    return 0, ""


def _decided(schema: Mapping[str, Any], comparison: Comparison) -> str | None:
    """What range and operator already decide."""
    value, symbol = comparison.value, comparison.operator
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    low, high = _bound(schema, "minimum"), _bound(schema, "maximum")
    said = f"`{'.'.join(comparison.path)} {symbol} {value}`"
    if high is not None:
        if (symbol == "<" and value > high) or (symbol == "<=" and value >= high):
            return f"{said} always holds: it is at most {high}"
        if (symbol == ">" and value >= high) or (symbol in (">=", "==") and value > high):
            return f"{said} never holds: it is at most {high}"
    if low is not None:
        if (symbol == ">" and value < low) or (symbol == ">=" and value <= low):
            return f"{said} always holds: it is at least {low}"
        if (symbol == "<" and value <= low) or (symbol in ("<=", "==") and value < low):
            return f"{said} never holds: it is at least {low}"
    return None


def _bound(schema: Mapping[str, Any], key: str) -> int | float | None:
    value = schema.get(key)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


RULE = Rule(
    name="constant-condition",
    severity=Severity.WARNING,
    summary="A condition or threshold that is decided before any answer is there.",
    avoid="escalate: [{when: output.confidence < 2}]   # confidence is at most 1",
    prefer="escalate: [{below: 0.8}]",
    why="A rule that always holds pays for two tiers on every run; one that never holds is dead.",
    configure="Remove the rule, or compare with a value within the schema's range.",
    check=check,
)
