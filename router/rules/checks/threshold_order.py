"""threshold-order: a better model is trusted less than the one below it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from router.compiler.compilation import CompiledTask
from router.compiler.model import Tier
from router.rules.base import Facts, Rule
from router.rules.ladder import tier_nodes
from router.types import Finding, Severity

__all__ = ["RULE", "check"]


def check(compiled: CompiledTask, facts: Facts) -> Iterator[Finding]:
    for (lower, _), (upper, node) in pairwise(tier_nodes(compiled)):
        before, here = _highest(lower), _highest(upper)
        if before is not None and here is not None and here[1] > before[1]:
            message = (
                f"an answer of `{lower.name}` is taken from {before[1]:g} on, one of "
                f"`{upper.name}` only from {here[1]:g}"
            )
            place = node.at("escalate", here[0], "below") or node
            yield RULE.at(place, message, "lower it, or raise the threshold of the tier below")


def _highest(tier: Tier) -> tuple[int, float] | None:
    """The rule that asks most of a tier's confidence, and what it asks."""
    found = [(rule.below, i) for i, rule in enumerate(tier.escalate) if rule.below is not None]
    below, index = max(found, default=(None, 0))
    return None if below is None else (index, below)


RULE = Rule(
    name="threshold-order",
    severity=Severity.INFO,
    summary="A tier's threshold is higher than that of the tier below it.",
    avoid=(
        "- {model: haiku, …, escalate: [{below: 0.6}]}\n"
        "- {model: sonnet, …, escalate: [{below: 0.8}]}"
    ),
    prefer=(
        "- {model: haiku, …, escalate: [{below: 0.8}]}\n"
        "- {model: sonnet, …, escalate: [{below: 0.6}]}"
    ),
    why=(
        "The cheaper model is believed where the better one would not be. Often two numbers were "
        "swapped. It can be meant: confidence that models state is no common scale."
    ),
    configure="Thresholds that were measured per model may well be in this order.",
    check=check,
)
