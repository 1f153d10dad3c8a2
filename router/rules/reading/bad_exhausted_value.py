"""bad-exhausted-value: the value of `exhausted` breaks the task's own output schema."""

from __future__ import annotations

from router.rules.base import Rule
from router.types import Severity

__all__ = ["RULE"]

RULE = Rule(
    name="bad-exhausted-value",
    severity=Severity.ERROR,
    summary="The value of `exhausted` breaks the task's own output schema.",
    avoid="exhausted: {value: {label: unknown}}   # the enum has no such label",
    prefer="exhausted: {value: {label: other}}",
    why="Callers rely on every answer keeping the schema, this one included.",
)
