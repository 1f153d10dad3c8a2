"""condition-unknown-name: a `when` uses a name that does not exist there."""

from __future__ import annotations

from router.rules.base import Rule
from router.types import Severity

__all__ = ["RULE"]

RULE = Rule(
    name="condition-unknown-name",
    severity=Severity.ERROR,
    summary="A `when` uses a name that does not exist there.",
    avoid='start: [{when: output.label == "fraud", tier: opus}]',
    prefer='start: [{when: plan == "enterprise", tier: opus}]',
    why=(
        "Start rules are decided before there is an answer: they see the inputs only. "
        "Escalation rules also see output, confidence, tier and stop_reason."
    ),
)
