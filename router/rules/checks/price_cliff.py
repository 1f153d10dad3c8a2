"""price-cliff: the longest inputs are billed at a dearer rate, all of them."""

from __future__ import annotations

from collections.abc import Iterator

from router.catalog.models import Model
from router.catalog.pricing import price_on, rates
from router.compiler.compilation import CompiledTask
from router.errors import CatalogError
from router.rules.base import Facts, Rule
from router.rules.ladder import tier_nodes
from router.rules.sizes import longest_prompt
from router.types import Finding, Severity

__all__ = ["RULE", "check"]


def check(compiled: CompiledTask, facts: Facts) -> Iterator[Finding]:
    for tier, node in tier_nodes(compiled):
        model = facts.model(tier)
        bound = _first_bound(model, facts) if model is not None else None
        if model is None or bound is None:
            continue
        tokens = longest_prompt(compiled, model, facts.counted)
        if tokens > bound:
            factor = rates(model, facts.today, bound + 1).input / rates(model, facts.today).input
            message = (
                f"about {tokens:,} tokens with the longest inputs; above {bound:,} {model.id} "
                f"costs {factor.normalize():f} times as much"
            )
            help_line = "lower the inputs' `maxLength`, or begin long ones on a tier without a step"
            yield RULE.at(node.get("model") or node, message, help_line)


def _first_bound(model: Model, facts: Facts) -> int | None:
    """The longest prompt at the lowest price; None where length does not matter."""
    try:
        return price_on(model, facts.today).bands[0][0]
    except CatalogError:
        return None


RULE = Rule(
    name="price-cliff",
    severity=Severity.WARNING,
    summary="The prompt with the longest inputs crosses a step in the price of a tier's model.",
    avoid=(
        "input: {properties: {report: {type: string, maxLength: 400000}}}\n"
        "tiers: [{model: claude-haiku-5-5, max_tokens: 4096}]"
    ),
    prefer=(
        "input: {properties: {report: {type: string, maxLength: 200000}}}\n"
        "tiers: [{model: claude-haiku-5-5, max_tokens: 4096}]"
    ),
    why=(
        "The whole request is billed by the size of its prompt, its answer and what lies below "
        "the step included: one token more makes a call of claude-haiku-5-5 five times as dear. "
        "Tokens are estimated from characters, and rather too many than too few."
    ),
    configure="`router models` shows which models have a step, and where.",
    needs="estimates",
    check=check,
)
