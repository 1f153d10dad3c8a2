"""schema-pattern: a pattern of a schema is no regular expression, or may take very long."""

from __future__ import annotations

from router.rules.base import Rule
from router.types import Severity

__all__ = ["RULE"]

RULE = Rule(
    name="schema-pattern",
    severity=Severity.ERROR,
    summary="A pattern of a schema is no regular expression, or may take very long.",
    avoid='pattern: "^(a+)+$\\\\1"',
    prefer='pattern: "^[a-z]+$"',
    why=(
        "Patterns are run on text of strangers. Look-around, back-references and large repeats "
        "can take for ever."
    ),
    configure="Use classes, groups, alternatives and small repeats.",
)
