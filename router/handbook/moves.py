"""The ladder in words: where a run begins, and how it leaves each tier."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from router.compiler.model import EscalateRule, Event, Task, Tier

__all__ = ["Move", "fallbacks", "moves_from", "starts"]


@dataclass(frozen=True, slots=True)
class Move:
    """One way to a tier. `to` None: the answer is not accepted, and the ladder ends.

    `label` is the expression of a "when", the threshold of a "below", the names of "events", and
    empty where a run begins "otherwise".
    """

    to: str | None
    kind: Literal["when", "below", "events", "otherwise"]
    label: str = ""
    reason: str | None = None


def starts(task: Task) -> tuple[Move, ...]:
    """Where a run begins: the first rule that holds, else the first tier."""
    rules = (Move(rule.tier, "when", rule.when.source, rule.reason) for rule in task.start)
    return (*rules, Move(task.tiers[0].name, "otherwise"))


def moves_from(task: Task, tier: Tier) -> tuple[Move, ...]:
    """How an answer of the tier is sent on; an answer that no move takes is accepted."""
    following = task.after(tier.name)
    climbing = [event for event in Event if event in task.escalate_on and following is not None]
    ending = [event for event in Event if event not in climbing]
    above = following.name if following is not None else None
    return (
        *map(_rule, tier.escalate),
        *((Move(above, "events", _list(climbing)),) if climbing else ()),
        *((Move(None, "events", _list(ending)),) if ending else ()),
    )


def fallbacks(task: Task, tier: Tier) -> tuple[str, ...]:
    """The tiers that are asked instead, in order, when this one cannot answer at all."""
    names = [one.name for one in task.tiers]
    if task.fallback is None:
        return tuple(names[names.index(tier.name) + 1 :])
    return tuple(name for name in dict.fromkeys(task.fallback) if name != tier.name)


def _rule(rule: EscalateRule) -> Move:
    if rule.when is not None:
        return Move(rule.to, "when", rule.when.source, rule.reason)
    return Move(rule.to, "below", f"{rule.below:g}", rule.reason)


def _list(events: list[Event]) -> str:
    return ", ".join(event.value.replace("_", " ") for event in events)
