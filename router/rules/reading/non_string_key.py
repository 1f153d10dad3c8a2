"""non-string-key: a key of a map is not text."""

from __future__ import annotations

from router.rules.base import Rule
from router.types import Severity

__all__ = ["RULE"]

RULE = Rule(
    name="non-string-key",
    severity=Severity.ERROR,
    summary="A key of a map is not text.",
    avoid="tags: {2026: yes}",
    prefer='tags: {"2026": "yes"}',
    why="Numbers, booleans and nulls as keys read differently in different YAML readers.",
    configure="Put the key in quotes.",
)
