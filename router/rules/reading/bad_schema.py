"""bad-schema: a JSON Schema cannot be used."""

from __future__ import annotations

from router.rules.base import Rule
from router.types import Severity

__all__ = ["RULE"]

RULE = Rule(
    name="bad-schema",
    severity=Severity.ERROR,
    summary="A JSON Schema cannot be used.",
    avoid="label: {type: strng}",
    prefer="label: {type: string}",
    why="A schema with an unknown keyword, type or reference checks less than it says.",
    configure="Schemas are JSON Schema 2020-12.",
)
