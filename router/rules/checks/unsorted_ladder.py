"""unsorted-ladder: a run climbs to a tier that is cheaper than where it comes from."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from router.catalog.models import Model
from router.catalog.pricing import rates
from router.catalog.tokens import token_factor
from router.compiler.compilation import CompiledTask
from router.compiler.model import Tier
from router.errors import CatalogError
from router.rules.base import Facts, Rule
from router.rules.ladder import tier_nodes
from router.types import Finding, Severity

__all__ = ["RULE", "check"]

_EFFORTS = ("low", "medium", "high", "xhigh", "max")


def check(compiled: CompiledTask, facts: Facts) -> Iterator[Finding]:
    for (lower, _), (upper, node) in pairwise(tier_nodes(compiled)):
        first, second = facts.model(lower), facts.model(upper)
        if first is None or second is None or lower.speed != upper.speed:
            continue
        said = None
        if first is not second and _cheaper(second, first, facts):
            said = f"{second.id} is cheaper than {first.id}, from which runs climb to it"
        elif first is second and _effort(upper, second) < _effort(lower, first):
            said = f"less effort than on `{lower.name}`, from which runs climb to it"
        if said is not None:
            yield RULE.at(node.get("model") or node, said, f"put it before `{lower.name}`")


def _cheaper(one: Model, other: Model, facts: Facts) -> bool:
    """Whether it reads and writes for less: a token, and a text, which may have more of them."""
    try:
        ours, theirs = rates(one, facts.today), rates(other, facts.today)
    except CatalogError:
        return False
    factor = max(token_factor(other, one) or 1, 1)
    return ours.input * factor < theirs.input and ours.output * factor < theirs.output


def _effort(tier: Tier, model: Model) -> int:
    default = model.capabilities.effort_default if model.capabilities is not None else None
    effort = tier.effort or default
    return _EFFORTS.index(effort) if effort in _EFFORTS else 0


RULE = Rule(
    name="unsorted-ladder",
    severity=Severity.WARNING,
    summary="A tier is cheaper than the one below it on the ladder.",
    avoid="tiers: [{model: claude-opus-5-5, …}, {model: claude-haiku-5-5, …}]",
    prefer="tiers: [{model: claude-haiku-5-5, …}, {model: claude-opus-5-5, …}]",
    why=(
        "A ladder is climbed because an answer was not good enough. Every run pays for the dear "
        "tier first, and what it could not do goes to a model that can do less. That newer models "
        "count more tokens for the same text is in the reckoning."
    ),
    configure=(
        "A tier that only stands in when others cannot answer may be cheaper: name it under "
        "`fallback`, and suppress the finding with that reason."
    ),
    needs="catalog",
    check=check,
)
