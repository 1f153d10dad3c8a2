"""dear-verifier: checking an answer costs more than asking the next tier for a better one."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from router.catalog.pricing import worst_case
from router.catalog.tokens import estimate_text
from router.compiler.compilation import CompiledTask
from router.compiler.model import Tier
from router.errors import CatalogError
from router.rules.base import Facts, Rule
from router.rules.ladder import tier_nodes
from router.rules.schemas import max_chars, properties
from router.rules.signals import verifiers
from router.rules.sizes import attempt_cost, longest_prompt
from router.types import Finding, Severity

__all__ = ["RULE", "check"]


def check(compiled: CompiledTask, facts: Facts) -> Iterator[Finding]:
    task = compiled.task
    checkers = tuple(verifiers(compiled, facts))
    if not checkers:
        return
    for tier, node in tier_nodes(compiled):
        above = task.after(tier.name)
        one = attempt_cost(compiled, facts, above) if above is not None else None
        if above is None or one is None or not task.reads_confidence(tier):
            continue
        next_one = one * task.calls(above)
        for verifier in checkers:
            checking = _cost(verifier, facts, tier)
            if checking is not None and checking > next_one:
                message = (
                    f"`{verifier.task.name}` can cost about ${checking:.4f} to judge an answer of "
                    f"this tier, asking `{above.name}` about ${next_one:.4f}"
                )
                help_line = "a cheaper model for the verifier, or another signal"
                yield RULE.at(node, message, help_line, key="escalate")


def _cost(verifier: CompiledTask, facts: Facts, judged_tier: Tier) -> Decimal | None:
    """One call on the verifier's first tier; the answer is as long as the judged tier can make it,
    whatever the verifier would take."""
    tier = verifier.task.tiers[0]
    model = facts.model(tier)
    if model is None:
        return None
    schema = verifier.task.input
    answer = properties(schema).get("answer") if schema is not None else None
    longest = max_chars(answer, schema.source) if schema is not None and answer else None
    beyond = estimate_text("x" * (longest or 0), model) - judged_tier.max_tokens
    prompt = longest_prompt(verifier, model, facts.counted) - max(0, beyond)
    try:
        return worst_case(model, prompt, tier.max_tokens, at=facts.today)
    except CatalogError:
        return None


RULE = Rule(
    name="dear-verifier",
    severity=Severity.WARNING,
    summary="A call of the verifier costs more than a call of the next tier.",
    avoid=(
        "tiers: [{model: haiku, …, escalate: [{below: 0.8}]}, {model: sonnet, …}]\n"
        "confidence: {verifier: judge}  # whose first tier is opus"
    ),
    prefer=(
        "tiers: [{model: haiku, …, escalate: [{below: 0.8}]}, {model: sonnet, …}]\n"
        "confidence: {verifier: judge}  # whose first tier is haiku"
    ),
    why=(
        "Every answer of the tier is judged, the good ones too. For the price of the judgement "
        "the better model could have answered in the first place. Costs are estimated with "
        "inputs at their longest and all of `max_tokens` spent, on both sides."
    ),
    configure="Worth it where the verdict itself is wanted, and not only the escalation.",
    needs="estimates",
    check=check,
)
