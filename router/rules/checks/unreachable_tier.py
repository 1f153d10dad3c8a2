"""unreachable-tier: a rung that nothing leads to."""

from __future__ import annotations

from collections.abc import Iterator

from router.compiler.compilation import CompiledTask
from router.rules.base import Facts, Rule
from router.rules.ladder import reachable, tier_nodes
from router.types import Finding, Severity

__all__ = ["RULE", "check"]


def check(compiled: CompiledTask, facts: Facts) -> Iterator[Finding]:
    reached = reachable(compiled)
    for tier, node in tier_nodes(compiled):
        if tier.name not in reached:
            key = "name" if node.get("name") is not None else "model"
            yield RULE.at(
                node.get(key) or node,
                f"no rule, event or fallback leads to tier `{tier.name}`",
                "escalate to it, name it under `fallback` or `start`, or remove it",
            )


RULE = Rule(
    name="unreachable-tier",
    severity=Severity.WARNING,
    summary="No run can come to a tier, whatever happens.",
    avoid="escalate_on: []\nfallback: []\ntiers: [{model: haiku, …}, {model: opus, …}]",
    prefer="tiers: [{model: haiku, …, escalate: [{below: 0.8}]}, {model: opus, …}]",
    why="The ladder promises an answer of a better model that is never asked.",
    configure="`run(..., tier=)` still reaches every tier; keep one on purpose under `fallback`.",
    check=check,
)
