"""no-exit: the last tier may ask for more, and nothing says what then."""

from __future__ import annotations

from collections.abc import Iterator

from router.compiler.compilation import CompiledTask
from router.rules.base import Facts, Rule
from router.rules.ladder import tier_nodes
from router.types import Finding, Severity

__all__ = ["RULE", "check"]


def check(compiled: CompiledTask, facts: Facts) -> Iterator[Finding]:
    if compiled.node.get("exhausted") is not None:
        return
    tier, node = tier_nodes(compiled)[-1]
    if any(rule.to is None for rule in tier.escalate):
        message = f"tier `{tier.name}` is the last, but can ask to escalate"
        help_line = "say what then: `exhausted: best`, `error` or `{value: …}`"
        yield RULE.at(node, message, help_line, key="escalate")


RULE = Rule(
    name="no-exit",
    severity=Severity.WARNING,
    summary="The last tier has escalation rules and `exhausted` is not set.",
    avoid="tiers: [{model: opus, max_tokens: 2048, escalate: [{below: 0.5}]}]",
    prefer="tiers: [{model: opus, max_tokens: 2048, escalate: [{below: 0.5}]}]\nexhausted: error",
    why=(
        "There is no tier above the last. By default the caller gets the best answer marked "
        "`accepted: false`, which is easy to overlook; saying so shows that it is meant."
    ),
    configure="Set `exhausted`, also to its default `best`.",
    check=check,
)
