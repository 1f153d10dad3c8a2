"""unknown-tier: a rule or fallback names a tier that the task does not have."""

from __future__ import annotations

from router.rules.base import Rule
from router.types import Severity

__all__ = ["RULE"]

RULE = Rule(
    name="unknown-tier",
    severity=Severity.ERROR,
    summary="A rule or fallback names a tier that the task does not have.",
    avoid="escalate: [{below: 0.8, to: opuss}]",
    prefer="escalate: [{below: 0.8, to: opus}]",
    why="The run would have nowhere to go.",
    configure="A tier's name is its `name`, or its `model` as written.",
    mends="unsafe",
)
