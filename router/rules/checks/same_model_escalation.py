"""same-model-escalation: the same question to the same model again."""

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
        if lower.escalate and _asked_alike(lower, upper) and upper.max_tokens <= lower.max_tokens:
            message = f"`{upper.name}` asks {upper.model} once more what `{lower.name}` asked it"
            help_line = "another model, more `effort`, or a higher `max_tokens`; or remove the tier"
            yield RULE.at(node.get("model") or node, message, help_line)


def _asked_alike(one: Tier, other: Tier) -> bool:
    return (one.model, one.effort, one.thinking) == (other.model, other.effort, other.thinking)


RULE = Rule(
    name="same-model-escalation",
    severity=Severity.WARNING,
    summary="A tier escalates for quality to the same model with the same settings.",
    avoid=(
        "- {model: opus, max_tokens: 4096, escalate: [{below: 0.8}]}\n"
        "- {model: opus, name: again, max_tokens: 4096}"
    ),
    prefer=(
        "- {model: opus, max_tokens: 4096, effort: low, escalate: [{below: 0.8}]}\n"
        "- {model: opus, name: opus-high, max_tokens: 16000, effort: high}"
    ),
    why=(
        "The second answer is drawn from where the first came from, and costs the same. It is no "
        "fallback either: circuits are kept per model, and an overloaded one stays overloaded."
    ),
    configure=(
        "To ask several times on purpose use `confidence: {agreement: …}`. A ladder that only "
        "events climb may well ask again: a form that was broken may come out whole."
    ),
    check=check,
)
