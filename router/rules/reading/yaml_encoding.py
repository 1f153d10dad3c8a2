"""yaml-encoding: the file is not UTF-8 text, or holds a character that YAML does not allow."""

from __future__ import annotations

from router.rules.base import Rule
from router.types import Severity

__all__ = ["RULE"]

RULE = Rule(
    name="yaml-encoding",
    severity=Severity.ERROR,
    summary="The file is not UTF-8 text, or holds a character that YAML does not allow.",
    avoid="# saved as UTF-16, or as Latin-1",
    prefer="# saved as UTF-8",
    why="Guessing an encoding changes text in silence, and prompts are text.",
    configure="Save the file as UTF-8; write a control character as an escape in double quotes.",
)
