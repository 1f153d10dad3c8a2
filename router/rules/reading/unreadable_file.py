"""unreadable-file: a file cannot be read, or is not text where text is needed."""

from __future__ import annotations

from router.rules.base import Rule
from router.types import Severity

__all__ = ["RULE"]

RULE = Rule(
    name="unreadable-file",
    severity=Severity.ERROR,
    summary="A file cannot be read, or is not text where text is needed.",
    avoid="- {file: prompts}",
    prefer="- {file: prompts/role.md.j2}",
    why="A directory, a file without permission or a broken encoding gives no text.",
)
