"""duplicate-task: two files define a task of the same name."""

from __future__ import annotations

from router.rules.base import Rule
from router.types import Severity

__all__ = ["RULE"]

RULE = Rule(
    name="duplicate-task",
    severity=Severity.ERROR,
    summary="Two files define a task of the same name.",
    avoid="# a.yaml and b.yaml both have\ntasks: {classify: …}",
    prefer="# b.yaml\ntasks: {classify_returns: …}",
    why="Otherwise the order of loading would decide which of them runs.",
    configure="Rename one. What two tasks share belongs into a parent whose name begins with `_`.",
)
