"""yaml-too-deep: lists and maps are nested more than 64 deep."""

from __future__ import annotations

from router.rules.base import Rule
from router.types import Severity

__all__ = ["RULE"]

RULE = Rule(
    name="yaml-too-deep",
    severity=Severity.ERROR,
    summary="Lists and maps are nested more than 64 deep.",
    avoid="[[[[[[…]]]]]]",
    prefer="input: {file: schemas/tree.json}",
    why="Deep nesting is how YAML is used to exhaust readers; no policy needs it.",
    configure="Put a deep schema into a JSON file and use `$ref` within it.",
)
