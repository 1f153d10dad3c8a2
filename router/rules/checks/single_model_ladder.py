"""single-model-ladder: several tiers, and one model behind them all."""

from __future__ import annotations

from collections.abc import Iterator

from router.compiler.compilation import CompiledTask
from router.rules.base import Facts, Rule
from router.types import Finding, Severity

__all__ = ["RULE", "check"]


def check(compiled: CompiledTask, facts: Facts) -> Iterator[Finding]:
    tiers = compiled.task.tiers
    if len(tiers) > 1 and len({tier.model for tier in tiers}) == 1 and not tiers[0].local:
        message = f"every tier asks {tiers[0].model}: when it cannot answer, none can"
        help_line = "name a tier with another model last, for `fallback`"
        yield RULE.at(compiled.node, message, help_line, key="tiers")


RULE = Rule(
    name="single-model-ladder",
    severity=Severity.INFO,
    summary="All tiers of a ladder have the same model.",
    avoid="tiers: [{model: opus, effort: low, …}, {model: opus, name: high, effort: high, …}]",
    prefer=(
        "tiers: [{model: opus, effort: low, …}, {model: opus, name: high, effort: high, …}, "
        "{model: sonnet, …}]"
    ),
    why=(
        "A ladder of efforts is sound for quality, and no help in an outage: load, limits and "
        "retirement meet a model as a whole, and its circuit is one for all tiers."
    ),
    configure="Right where a failed run costs less than an answer of another model.",
    check=check,
)
