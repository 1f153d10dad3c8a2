"""mixed-geography: data that is to stay in one place leaves it with the next tier."""

from __future__ import annotations

from collections.abc import Iterator

from router.compiler.compilation import CompiledTask
from router.compiler.model import Tier
from router.rules.base import Facts, Rule
from router.rules.ladder import tier_nodes
from router.rules.signals import verifier_nodes
from router.types import Finding, Severity

__all__ = ["RULE", "check"]


def check(compiled: CompiledTask, facts: Facts) -> Iterator[Finding]:
    bound = next((tier for tier in compiled.task.tiers if _bound(tier)), None)
    if bound is None:
        return
    held = f"`{bound.name}` keeps them in `{bound.geography}`"
    for tier, node in tier_nodes(compiled):
        if not _bound(tier) and not tier.local:
            message = f"`{tier.name}` may send inputs anywhere, {held}"
            place = node.get("geography") or node.get("model") or node
            yield RULE.at(
                place, message, f"`geography: {bound.geography}` on every tier, or on none"
            )
    for verifier, node in verifier_nodes(compiled, facts):
        if any(not _bound(tier) and not tier.local for tier in verifier.task.tiers):
            message = f"tiers of `{verifier.task.name}` may send inputs anywhere, {held}"
            yield RULE.at(node, message, f"`geography: {bound.geography}` on the verifier's tiers")


def _bound(tier: Tier) -> bool:
    return tier.geography not in (None, "global")


RULE = Rule(
    name="mixed-geography",
    severity=Severity.WARNING,
    summary="Some tiers of a ladder or of its verifiers are bound to a geography, others are not.",
    avoid="tiers: [{model: haiku, geography: us, …}, {model: opus, …}]",
    prefer="tiers: [{model: haiku, geography: us, …}, {model: opus, geography: us, …}]",
    why=(
        "Every tier and every verifier is sent the same inputs. If they must not leave a place, "
        "the one escalation in a hundred that does is what an audit finds; if they may, the bound "
        "tier costs more for nothing."
    ),
    check=check,
)
