"""eager-escalation: readers are shown text that is then taken back."""

from __future__ import annotations

from collections.abc import Iterator

from router.compiler.compilation import CompiledTask
from router.rules.base import Facts, Rule
from router.types import Finding, Severity

__all__ = ["RULE", "check"]


def check(compiled: CompiledTask, facts: Facts) -> Iterator[Finding]:
    task = compiled.task
    if task.stream != "eager":
        return
    doubting = [f"`{tier.name}`" for tier in task.tiers if tier.escalate]
    if doubting:
        message = f"answers of {', '.join(doubting)} are shown before its rules judge them"
        place = compiled.node.get("stream") or compiled.node
        yield RULE.at(place, message, "`stream: held`, or tiers that only events leave")


RULE = Rule(
    name="eager-escalation",
    severity=Severity.WARNING,
    summary="`stream: eager` on a task whose tiers escalate for quality.",
    avoid="stream: eager\ntiers: [{model: haiku, …, escalate: [{below: 0.8}]}, {model: opus, …}]",
    prefer="stream: held\ntiers: [{model: haiku, …, escalate: [{below: 0.8}]}, {model: opus, …}]",
    why=(
        "An answer can only be judged when it is whole. By then its text has been read: each "
        "escalation takes it back (`Discard`) and shows another, and a caller that has passed the "
        "text on cannot take it back."
    ),
    configure="Fine where the caller handles `Discard`, and escalations are rare.",
    check=check,
)
