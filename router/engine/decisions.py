"""The decisions of a task: which there are, and which of them a run took.

The ladder tells each decision to `Engine.decided` where somebody listens; what there is to decide
follows from the policy. A test suite has covered a task when the two are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Literal, NamedTuple

from router.compiler.model import Event, Task
from router.types import Span

__all__ = ["Decided", "Decision", "Kind", "decisions_of"]

Kind = Literal["start", "answered", "escalate", "event", "fallback", "exhausted"]


class Decision(NamedTuple):
    """One outcome of one thing that a policy decides.

    Args:
        tier: None for what belongs to the whole task.
        which: the rule, counted from 0, or the event.
        outcome: whether the rule held; the others are told only when they happen.
    """

    task: str
    kind: Kind
    tier: str | None = None
    which: int | Event | None = None
    outcome: bool = True

    def of(self, task: Task) -> str:
        """In words: "`below: 0.82` of haiku is false"."""
        held = str(self.outcome).lower()
        if isinstance(self.which, int) and self.kind == "start":
            rule = task.start[self.which]
            return f"`start: {rule.when.source}` is {held}"
        if isinstance(self.which, int) and self.tier is not None:
            escalate = task.tier(self.tier).escalate[self.which]
            when = escalate.when
            words = f"below: {escalate.below:g}" if when is None else f"when: {when.source}"
            return f"`{words}` of {self.tier} is {held}"
        if self.kind == "answered":
            return f"{self.tier} answers"
        if self.kind == "event":
            return f"{self.which} escalates"
        if self.kind == "fallback":
            return f"{self.tier} cannot answer and another tier is asked"
        return "no tier is good enough (`exhausted`)"


Decided = Callable[[Decision], None]
"""Is told each decision as it is taken."""


def decisions_of(task: Task) -> Mapping[Decision, Span | None]:
    """Every decision that runs of a task can take, in the policy's order, with its place."""
    return dict(_decisions(task))


def _decisions(task: Task) -> Iterator[tuple[Decision, Span | None]]:
    name = task.name
    for index, start in enumerate(task.start):
        for outcome in (True, False):
            yield Decision(name, "start", None, index, outcome), start.span
    for tier in task.tiers:
        yield Decision(name, "answered", tier.name), tier.span
        for index, rule in enumerate(tier.escalate):
            for outcome in (True, False):
                yield Decision(name, "escalate", tier.name, index, outcome), rule.span
        others = [other.name for other in task.tiers]
        if task.fallback is None:
            others = others[others.index(tier.name) + 1 :]
        else:
            others = [other for other in task.fallback if other != tier.name]
        if others:
            yield Decision(name, "fallback", tier.name), tier.span
    if len(task.tiers) > 1:  # a ladder of one tier has nowhere to escalate to
        for event in Event:
            if event in task.escalate_on:
                yield Decision(name, "event", None, event), task.span
    yield Decision(name, "exhausted"), task.span
