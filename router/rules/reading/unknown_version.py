"""unknown-version: the file is of another version of the format."""

from __future__ import annotations

from router.rules.base import Rule
from router.types import Severity

__all__ = ["RULE"]

RULE = Rule(
    name="unknown-version",
    severity=Severity.ERROR,
    summary="The file is of another version of the format.",
    avoid="version: 2",
    prefer="version: 1",
    why="What a later version means by the same keys is unknown to this program.",
    configure="Upgrade the router, or write `version: 1`.",
)
