"""empty-file: a policy file holds nothing."""

from __future__ import annotations

from router.rules.base import Rule
from router.types import Severity

__all__ = ["RULE"]

RULE = Rule(
    name="empty-file",
    severity=Severity.ERROR,
    summary="A policy file holds nothing.",
    avoid="# nothing but comments",
    prefer="version: 1\ntasks: {…}",
    why="A file that was emptied by accident would remove its tasks.",
    configure="Delete the file, or begin its name with `_` or `.` to leave it out.",
)
