"""Models that change hands: what an author should look at again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from router.catalog.compare import compare
from router.catalog.models import Model
from router.compiler.compilation import CompiledTask
from router.diffing.ladders import pair_tiers
from router.rules.base import Facts

__all__ = ["Advice", "advice"]

_PREFIX = "minimum cacheable prefix"
_TOLD = frozenset({_PREFIX, "default effort", "thinking by default"})
"""Facts that change what an unchanged policy does. Limits and refusals are lint's to tell."""


class Advice(NamedTuple):
    """Something to know of another model; `good` where nothing can go wrong for it."""

    said: str
    good: bool


def advice(old: CompiledTask, new: CompiledTask, facts: Facts) -> Iterator[Advice]:
    """For each tier with another model: ceilings that no longer mean the same, new defaults."""
    for pair in pair_tiers(old.task, new.task):
        before, after = pair.old, pair.new
        if before is None or after is None or before.model == after.model:
            continue
        was, now = facts.model(before), facts.model(after)
        if was is None or now is None:
            continue
        found = compare(was, now, facts.today)
        factor = found.token_factor
        if factor is not None and factor != 1 and before.max_tokens == after.max_tokens:
            effect = f"about {abs(factor - 1):.0%} {'more' if factor > 1 else 'fewer'} tokens"
            ends = "answers are cut off sooner" if factor > 1 else "they leave more room"
            said = (
                f"tier {after.name}: {now.id} counts {effect} for the same text than {was.id}, "
                f"but max_tokens stays as it is: {ends}"
            )
            yield Advice(said, good=factor < 1)
        for fact in found.facts:
            if fact.name in _TOLD and not _stated(fact.name, after.effort, after.thinking):
                said = f"tier {after.name}: {fact.name} {fact.before} → {fact.after}"
                yield Advice(said, good=fact.name == _PREFIX and _shorter(was, now))


def _shorter(was: Model, now: Model) -> bool:
    """Whether the new model caches all that the old one does."""
    least = [None if one.limits is None else one.limits.min_cacheable_tokens for one in (was, now)]
    return least[0] is not None and least[1] is not None and least[1] <= least[0]


def _stated(name: str, effort: str | None, thinking: str | None) -> bool:
    """Whether the policy says itself what the model's default would."""
    if name == "default effort":
        return effort is not None
    return name == "thinking by default" and thinking is not None
