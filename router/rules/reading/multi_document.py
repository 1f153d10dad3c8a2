"""multi-document: a file holds more than one YAML document."""

from __future__ import annotations

from router.rules.base import Rule
from router.types import Severity

__all__ = ["RULE"]

RULE = Rule(
    name="multi-document",
    severity=Severity.ERROR,
    summary="A file holds more than one YAML document.",
    avoid="version: 1\n---\nversion: 1",
    prefer="version: 1",
    why="One policy a file: else it is unclear which of them a name belongs to.",
    configure="Split the file in two.",
)
