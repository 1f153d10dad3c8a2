"""prompt-over-context: the longest inputs do not fit the model's context window."""

from __future__ import annotations

from collections.abc import Iterator

from router.compiler.compilation import CompiledTask
from router.rules.base import Facts, Rule
from router.rules.ladder import tier_nodes
from router.rules.sizes import longest_prompt
from router.types import Finding, Severity

__all__ = ["RULE", "check"]


def check(compiled: CompiledTask, facts: Facts) -> Iterator[Finding]:
    for tier, node in tier_nodes(compiled):
        model = facts.model(tier)
        if model is None or model.limits is None or tier.max_tokens > model.limits.max_output:
            continue  # of what the model cannot write at all another rule speaks
        tokens, window = longest_prompt(compiled, model, facts.counted), model.limits.context_window
        if tokens + tier.max_tokens > window:
            message = (
                f"about {tokens:,} tokens with the longest inputs and {tier.max_tokens:,} to "
                f"write; {model.id} holds {window:,} together"
            )
            help_line = "lower the inputs' `maxLength`, or begin such runs on another tier"
            yield RULE.at(node.get("model") or node, message, help_line)


RULE = Rule(
    name="prompt-over-context",
    severity=Severity.WARNING,
    summary="The prompt with the longest inputs does not fit the context window of a tier's model.",
    avoid=(
        "input: {properties: {report: {type: string, maxLength: 900000}}}\n"
        "tiers: [{model: claude-haiku-4-5-20251001, max_tokens: 4096}]"
    ),
    prefer=(
        "input: {properties: {report: {type: string, maxLength: 400000}}}\n"
        "tiers: [{model: claude-haiku-4-5-20251001, max_tokens: 4096}]"
    ),
    why=(
        "Inputs that the contract allows are refused by the API, or cut the answer off where the "
        "window ends. Models of one ladder hold 200,000 or 1,000,000 tokens. Tokens are estimated "
        "from characters, and rather too many than too few: therefore a warning."
    ),
    configure="`router plan TASK` shows each tier's tokens for the inputs that it is given.",
    needs="estimates",
    check=check,
)
