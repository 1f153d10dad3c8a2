"""The ladder as rules look at it: where a run may begin, and where it may go from there."""

from __future__ import annotations

from collections.abc import Callable, Iterator

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


def reachable(task: Task) -> frozenset[str]:
    """The tiers that some run may visit."""
    seen: set[str] = set()
    waiting = list(starts(task))
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting.extend(_next(task, name))
    return frozenset(seen)


def heaviest_path(task: Task, weight: Callable[[Tier], float]) -> tuple[float, tuple[str, ...]]:
    """The way up the ladder with the greatest sum of weights, and that sum.

    Only moves up count: a fallback to an earlier tier visits a tier that was visited before.
    """
    order = {tier.name: index for index, tier in enumerate(task.tiers)}
    best: dict[str, tuple[float, tuple[str, ...]]] = {}
    for tier in reversed(task.tiers):
        onward = [best[name] for name in _next(task, tier.name) if order[name] > order[tier.name]]
        total, names = max(onward, default=(0.0, ()))
        best[tier.name] = weight(tier) + total, (tier.name, *names)
    return max(best[name] for name in starts(task))


def _next(task: Task, name: str) -> Iterator[str]:
    """Where a run may go from a tier: by a rule, by an event, or because it cannot answer."""
    tier = task.tier(name)
    for rule in tier.escalate:
        if rule.to is not None:
            yield rule.to
    following = task.after(name)
    if following is not None and task.escalate_on:
        yield following.name
    if task.fallback is not None:
        yield from task.fallback
    elif following is not None:
        yield following.name
