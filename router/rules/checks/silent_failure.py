"""silent-failure: an answer that is none ends the run below a tier that could give one."""

from __future__ import annotations

from collections.abc import Iterator

from router.compiler.compilation import CompiledTask
from router.compiler.model import Event
from router.rules.base import Facts, Rule
from router.types import Finding, Severity

__all__ = ["RULE", "check"]

_DEFAULT = (Event.INVALID_OUTPUT, Event.REFUSAL, Event.TRUNCATED)


def check(compiled: CompiledTask, facts: Facts) -> Iterator[Finding]:
    task = compiled.task
    if len(task.tiers) < 2 or task.escalate_on.issuperset(_DEFAULT):
        return
    missing = [event for event in _DEFAULT if event not in task.escalate_on]
    if all(tier.local for tier in task.tiers) and Event.REFUSAL in missing:
        missing.remove(Event.REFUSAL)  # a stop reason of Anthropic's alone
    lacking = [f"`{event.value}`" for event in missing]
    node = compiled.node.get("escalate_on")
    if node is not None and lacking:
        message = f"an answer that is {' or '.join(lacking)} ends the run: no better tier is asked"
        yield RULE.at(node, message, f"add {', '.join(lacking)}")


RULE = Rule(
    name="silent-failure",
    severity=Severity.WARNING,
    summary="`escalate_on` leaves out an event, and tiers above are never asked because of it.",
    avoid="escalate_on: [refusal]\ntiers: [{model: haiku, …}, {model: opus, …}]",
    prefer="escalate_on: [invalid_output, refusal, truncated]",
    why=(
        "A refusal, a cut-off answer or one that breaks its schema never reaches a threshold. "
        "Without its event the run ends on that tier: with an error, or with half an answer marked "
        "`accepted: false`, while the ladder looks as if a better model would step in."
    ),
    configure="List the events, or leave `escalate_on` out: the three are its default.",
    check=check,
)
