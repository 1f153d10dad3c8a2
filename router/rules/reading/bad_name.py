"""bad-name: the name of a task, model or input cannot be used."""

from __future__ import annotations

from router.rules.base import Rule
from router.types import Severity

__all__ = ["RULE"]

RULE = Rule(
    name="bad-name",
    severity=Severity.ERROR,
    summary="The name of a task, model or input cannot be used.",
    avoid="tasks: {Classify Mail: …}",
    prefer="tasks: {classify-mail: …}",
    why="Names go into code, ledgers and command lines.",
    configure="Tasks: lower-case letters, digits, `_` and `-`.",
)
