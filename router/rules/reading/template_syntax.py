"""template-syntax: a template cannot be parsed."""

from __future__ import annotations

from router.rules.base import Rule
from router.types import Severity

__all__ = ["RULE"]

RULE = Rule(
    name="template-syntax",
    severity=Severity.ERROR,
    summary="A template cannot be parsed.",
    avoid="user: '{{ message | tag(\"m\") }'",
    prefer="user: '{{ message | tag(\"m\") }}'",
    why="The prompt could not be rendered on any call.",
)
