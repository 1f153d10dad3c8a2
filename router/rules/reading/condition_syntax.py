"""condition-syntax: a `when` cannot be parsed, or uses what conditions may not."""

from __future__ import annotations

from router.rules.base import Rule
from router.types import Severity

__all__ = ["RULE"]

RULE = Rule(
    name="condition-syntax",
    severity=Severity.ERROR,
    summary="A `when` cannot be parsed, or uses what conditions may not.",
    avoid='when: output.label = "fraud"',
    prefer='when: output.label == "fraud"',
    why="A rule that cannot be evaluated decides nothing.",
    configure=(
        "Conditions are Jinja expressions over values: comparisons, `and`, `or`, `not`, `in`, "
        "filters."
    ),
)
