"""The model names of a task: what the catalog says of them, and where each is written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from router.catalog.lookup import Verdict, describe
from router.catalog.successors import successor
from router.compiler.compilation import CompiledTask
from router.compiler.model import Tier
from router.policy.edits import fix, replace_scalar
from router.policy.nodes import Node
from router.rules.base import Facts
from router.rules.ladder import tier_nodes
from router.rules.prompts import once
from router.types import Fix

__all__ = ["Pin", "judged_models", "moved_on", "pins"]


class Pin(NamedTuple):
    """A tier's model: the catalog's word on it, and where its id is written."""

    tier: Tier
    verdict: Verdict
    node: Node  # under `models` where the tier names it there


def pins(compiled: CompiledTask, facts: Facts) -> tuple[Pin, ...]:
    """The models of a task's tiers.

    Local tiers are left out, and unknown models: the compiler has reported those.
    """
    return once(compiled, "models", lambda: tuple(_pins(compiled, facts)))


def judged_models(compiled: CompiledTask, facts: Facts) -> tuple[tuple[Verdict, Node], ...]:
    """The catalog's word on each tier's model, and where its id is written."""
    return tuple((pin.verdict, pin.node) for pin in pins(compiled, facts))


def moved_on(verdict: Verdict, node: Node, facts: Facts) -> Fix | None:
    """The pin moved to the model's successor; `router upgrade` shows what else changes by it."""
    after = verdict.model and successor(facts.catalog, verdict.model, facts.today)
    if after is None:
        return None
    message = f"move to `{after.id}` (`router upgrade` shows what changes)"
    return fix(message, replace_scalar(node, after.id), safe=False)


def _pins(compiled: CompiledTask, facts: Facts) -> Iterator[Pin]:
    catalog = facts.catalog
    for tier, node in tier_nodes(compiled):
        if tier.local or not (tier.model in catalog.models or tier.model in catalog.aliases):
            continue
        yield Pin(tier, _verdict(facts, tier.model), _place(compiled, facts, tier, node))


def _verdict(facts: Facts, model: str) -> Verdict:
    known = facts.verdicts.get(model)
    if known is None:
        known = facts.verdicts[model] = describe(facts.catalog, model, facts.today)
    return known


def _place(compiled: CompiledTask, facts: Facts, tier: Tier, node: Node) -> Node:
    written = node.get("model") or node
    pin = facts.models.get(compiled.file, {}).get(str(written.value))
    return pin if pin is not None and pin.value == tier.model else written
