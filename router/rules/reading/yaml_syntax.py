"""yaml-syntax: the file is not YAML."""

from __future__ import annotations

from router.rules.base import Rule
from router.types import Severity

__all__ = ["RULE"]

RULE = Rule(
    name="yaml-syntax",
    severity=Severity.ERROR,
    summary="The file is not YAML.",
    avoid="description: Sort: mail",
    prefer='description: "Sort: mail"',
    why=(
        "Nothing can be read from it. Most often a value with `: ` or ` #` lacks quotes, or a "
        "line is indented unlike its siblings."
    ),
)
