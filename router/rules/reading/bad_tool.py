"""bad-tool: a tool or `tool_choice` cannot be used."""

from __future__ import annotations

from router.rules.base import Rule
from router.types import Severity

__all__ = ["RULE"]

RULE = Rule(
    name="bad-tool",
    severity=Severity.ERROR,
    summary="A tool or `tool_choice` cannot be used.",
    avoid="tool_choice: {tool: lookup}   # and no such tool",
    prefer="tools: [{name: lookup, …}]\ntool_choice: {tool: lookup}",
    why="The API refuses the request (400).",
)
