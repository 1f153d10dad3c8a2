"""shrinking-ceiling: an answer that was cut off goes to a tier that cuts it off sooner."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from router.compiler.compilation import CompiledTask
from router.compiler.model import Event
from router.rules.base import Facts, Rule
from router.rules.ladder import tier_nodes
from router.types import Finding, Severity

__all__ = ["RULE", "check"]


def check(compiled: CompiledTask, facts: Facts) -> Iterator[Finding]:
    if Event.TRUNCATED not in compiled.task.escalate_on:
        return
    for (lower, _), (upper, node) in pairwise(tier_nodes(compiled)):
        if upper.max_tokens < lower.max_tokens:
            message = (
                f"an answer cut at {lower.max_tokens:,} tokens on `{lower.name}` is asked for "
                f"again with {upper.max_tokens:,}"
            )
            help_line = f"give it {lower.max_tokens:,} or more: unused tokens cost nothing"
            yield RULE.at(node.get("max_tokens") or node, message, help_line)


RULE = Rule(
    name="shrinking-ceiling",
    severity=Severity.WARNING,
    summary="A tier has a lower `max_tokens` than the one below it.",
    avoid="tiers: [{model: haiku, max_tokens: 4096}, {model: opus, max_tokens: 2048}]",
    prefer="tiers: [{model: haiku, max_tokens: 4096}, {model: opus, max_tokens: 4096}]",
    why=(
        "A truncated answer escalates to the next tier. With less room there it is cut off again, "
        "and the run has paid twice for half an answer."
    ),
    configure="Take `truncated` out of `escalate_on` if cut-off answers are not to escalate.",
    check=check,
)
