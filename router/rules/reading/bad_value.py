"""bad-value: a value is of the right kind, but not one that its key takes."""

from __future__ import annotations

from router.rules.base import Rule
from router.types import Severity

__all__ = ["RULE"]

RULE = Rule(
    name="bad-value",
    severity=Severity.ERROR,
    summary="A value is of the right kind, but not one that its key takes.",
    avoid="effort: highest",
    prefer="effort: max",
    why="The value means nothing to the router or to the API.",
    configure="The message says which values there are.",
    mends="unsafe",
)
