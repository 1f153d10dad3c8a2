"""missing-key: a key that is required is not there."""

from __future__ import annotations

from router.rules.base import Rule
from router.types import Severity

__all__ = ["RULE"]

RULE = Rule(
    name="missing-key",
    severity=Severity.ERROR,
    summary="A key that is required is not there.",
    avoid="tiers: [{model: haiku}]",
    prefer="tiers: [{model: haiku, max_tokens: 512}]",
    why="Without it the task has no meaning, or no bound on what it costs.",
    configure="Set it here, or in the parent that the task or file extends.",
)
