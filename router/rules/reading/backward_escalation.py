"""backward-escalation: a rule escalates to the same or to an earlier tier."""

from __future__ import annotations

from router.rules.base import Rule
from router.types import Severity

__all__ = ["RULE"]

RULE = Rule(
    name="backward-escalation",
    severity=Severity.ERROR,
    summary="A rule escalates to the same or to an earlier tier.",
    avoid="- model: opus\n  escalate: [{below: 0.5, to: haiku}]",
    prefer="- model: haiku\n  escalate: [{below: 0.8, to: opus}]",
    why=(
        "The ladder only goes up: a cheaper tier after a dearer one costs without gain, and "
        "circles never end."
    ),
    configure="Put the tiers in order, cheapest first.",
)
