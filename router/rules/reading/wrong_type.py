"""wrong-type: a value is of another kind than its key takes."""

from __future__ import annotations

from router.rules.base import Rule
from router.types import Severity

__all__ = ["RULE"]

RULE = Rule(
    name="wrong-type",
    severity=Severity.ERROR,
    summary="A value is of another kind than its key takes.",
    avoid='max_tokens: "512"',
    prefer="max_tokens: 512",
    why="A list is no text and a text is no number; nothing is converted by guessing.",
)
