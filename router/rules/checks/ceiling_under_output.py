"""ceiling-under-output: the schema allows answers that the tier has no room for."""

from __future__ import annotations

from collections.abc import Iterator

from router.catalog.tokens import estimate_text
from router.compiler.compilation import CompiledTask
from router.rules.base import Facts, Rule
from router.rules.ladder import tier_nodes
from router.rules.prompts import once
from router.rules.schemas import max_chars
from router.types import Finding, Severity

__all__ = ["RULE", "check"]

_MOST_CHARS = 4_000_000  # more than any model writes


def check(compiled: CompiledTask, facts: Facts) -> Iterator[Finding]:
    output = compiled.task.output
    if output is None:
        return
    longest = once(compiled, "longest", lambda: max_chars(output.source, output.source))
    if longest is None:
        return
    for tier, node in tier_nodes(compiled):
        model = facts.model(tier)
        tokens = estimate_text("x" * min(longest, _MOST_CHARS), model)
        if model is not None and tokens > tier.max_tokens:
            message = (
                f"room for {tier.max_tokens:,} tokens; the longest answer that `output` allows has "
                f"about {tokens:,}"
            )
            help_line = "raise it (unused tokens cost nothing), or lower the output's `maxLength`"
            yield RULE.at(node.get("max_tokens") or node, message, help_line)


RULE = Rule(
    name="ceiling-under-output",
    severity=Severity.INFO,
    summary="The longest answer that the output schema allows does not fit a tier's `max_tokens`.",
    avoid=(
        "output: {properties: {summary: {type: string, maxLength: 20000}}}\n"
        "tiers: [{model: haiku, max_tokens: 2048}]"
    ),
    prefer=(
        "output: {properties: {summary: {type: string, maxLength: 4000}}}\n"
        "tiers: [{model: haiku, max_tokens: 4096}]"
    ),
    why=(
        "An answer that is longer than `max_tokens` is cut off, paid for, and asked for again one "
        "tier up, though the schema would have let it pass. Only schemas that bound all of their "
        "text are looked at; thoughts, which count too, come on top of the estimate."
    ),
    configure="Fine where `maxLength` is a generous guard and answers are far shorter.",
    needs="estimates",
    check=check,
)
