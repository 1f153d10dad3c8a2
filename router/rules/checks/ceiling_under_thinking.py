"""ceiling-under-thinking: thoughts count inside the ceiling and may fill it."""

from __future__ import annotations

from collections.abc import Iterator

from router.catalog.models import Capabilities
from router.compiler.compilation import CompiledTask
from router.compiler.model import Tier
from router.rules.base import Facts, Rule
from router.rules.ladder import tier_nodes
from router.types import Finding, Severity

__all__ = ["RULE", "check"]

# Rules of thumb: no source gives figures, the documentation only says to leave room per effort.
_ROOM = {"low": 1000, "medium": 2000, "high": 4000, "xhigh": 8000, "max": 8000}


def check(compiled: CompiledTask, facts: Facts) -> Iterator[Finding]:
    for tier, node in tier_nodes(compiled):
        model = facts.model(tier)
        if model is None or model.capabilities is None or not _thinks(tier, model.capabilities):
            continue
        effort = tier.effort or model.capabilities.effort_default or "high"
        room = _ROOM.get(effort, 0)
        if tier.max_tokens >= room:
            continue
        reducible = [t for t in ("disabled", "between_tools") if t in model.capabilities.thinking]
        least = f" or set `thinking: {reducible[0]}`" if reducible and not tier.thinking else ""
        message = (
            f"{tier.max_tokens:,} tokens for thoughts and answer together: {model.id} thinks "
            f"at effort {effort}"
        )
        help_line = f"give it {room:,} or more{least}"
        yield RULE.at(node.get("max_tokens") or node, message, help_line)


def _thinks(tier: Tier, capabilities: Capabilities) -> bool:
    if tier.thinking is not None:
        return tier.thinking == "adaptive"
    return capabilities.thinking_default == "on"


RULE = Rule(
    name="ceiling-under-thinking",
    severity=Severity.WARNING,
    summary="A small `max_tokens` on a tier whose model thinks before it answers.",
    avoid="{model: claude-haiku-5-5, max_tokens: 256}",
    prefer="{model: claude-haiku-5-5, max_tokens: 256, thinking: disabled}",
    why=(
        "Thinking tokens count inside `max_tokens`. Where thoughts fill it, the answer is cut off "
        "before it begins: the run pays for it and escalates for nothing. The bounds are rules of "
        "thumb: 1,000 at effort low, 2,000 at medium, 4,000 at high, 8,000 above."
    ),
    configure=(
        "Raise `max_tokens` (unused tokens cost nothing), lower `effort`, or switch thinking off "
        "where the model allows it."
    ),
    needs="catalog",
    check=check,
)
