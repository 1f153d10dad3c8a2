"""What a run may cost before and after, with inputs at their longest."""

from __future__ import annotations

from collections.abc import Iterator

from router.compiler.compilation import CompiledTask
from router.diffing.changes import Bounds, TierCost
from router.diffing.ladders import pairs_of
from router.rules.base import Facts
from router.rules.sizes import attempt_cost, least_cost, path_cost, unmeasured

__all__ = ["bounds"]


def bounds(
    old: CompiledTask | None, new: CompiledTask | None, before: Facts, after: Facts
) -> Bounds:
    """Best and worst cost of a run on both sides, and of one attempt on each tier."""
    return Bounds(
        best_before=None if old is None else least_cost(old, before),
        best_after=None if new is None else least_cost(new, after),
        worst_before=None if old is None else path_cost(old, before)[0],
        worst_after=None if new is None else path_cost(new, after)[0],
        tiers=tuple(_tiers(old, new, before, after)),
        unmeasured=() if new is None else unmeasured(new),
    )


def _tiers(
    old: CompiledTask | None, new: CompiledTask | None, before: Facts, after: Facts
) -> Iterator[TierCost]:
    pairs = pairs_of(None if old is None else old.task, None if new is None else new.task)
    for was, now in pairs:
        name = now.name if now is not None else was.name if was is not None else ""
        one = attempt_cost(old, before, was) if old is not None and was is not None else None
        other = attempt_cost(new, after, now) if new is not None and now is not None else None
        yield TierCost(name, one, other)
