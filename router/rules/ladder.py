"""The ladder as rules look at it: where a run may begin, and where it may go from there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import TypeVar

from router.compiler.compilation import CompiledTask
from router.compiler.model import Task, Tier
from router.policy.nodes import Node
from router.rules.prompts import once

__all__ = ["heaviest_path", "reachable", "starts", "tier_nodes"]


def tier_nodes(compiled: CompiledTask) -> tuple[tuple[Tier, Node], ...]:
    """Each tier with the node it is written at."""
    return once(compiled, "tiers", lambda: tuple(_tier_nodes(compiled)))


def _tier_nodes(compiled: CompiledTask) -> Iterator[tuple[Tier, Node]]:
    written = compiled.node.get("tiers")
    for index, tier in enumerate(compiled.task.tiers):
        node = written.at(index) if written is not None else None
        yield tier, node or compiled.node


def starts(task: Task) -> tuple[str, ...]:
    """The tiers on which a run may begin, as the policy says it."""
    return tuple(dict.fromkeys((task.tiers[0].name, *(rule.tier for rule in task.start))))


def reachable(compiled: CompiledTask) -> frozenset[str]:
    """The tiers that some run may visit."""
    moves, seen = _moves(compiled), set[str]()
    waiting = list(starts(compiled.task))
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting.extend(moves[name])
    return frozenset(seen)


Weight = TypeVar("Weight", float, Decimal)


def heaviest_path(
    compiled: CompiledTask, weight: Callable[[Tier], Weight]
) -> tuple[Weight, tuple[str, ...]]:
    """The way up the ladder with the greatest sum of weights, and that sum.

    Only moves up count: a fallback to an earlier tier visits a tier that was visited before.
    """
    task, moves = compiled.task, _moves(compiled)
    best: dict[str, tuple[Weight, tuple[str, ...]]] = {}
    for tier in reversed(task.tiers):
        onward = [best[name] for name in moves[tier.name] if name in best]
        if onward:
            above: tuple[Weight, tuple[str, ...]] = max(onward)
            best[tier.name] = weight(tier) + above[0], (tier.name, *above[1])
        else:
            best[tier.name] = weight(tier), (tier.name,)
    return max(best[name] for name in starts(task))


def _moves(compiled: CompiledTask) -> Mapping[str, frozenset[str]]:
    """Where a run may go from each tier."""
    task = compiled.task
    return once(compiled, "moves", lambda: {tier.name: task.onward(tier) for tier in task.tiers})
