"""template-forbidden: a template uses something that templates may not."""

from __future__ import annotations

from router.rules.base import Rule
from router.types import Severity

__all__ = ["RULE"]

RULE = Rule(
    name="template-forbidden",
    severity=Severity.ERROR,
    summary="A template uses something that templates may not.",
    avoid="{{ message.__class__ }}",
    prefer='{{ message | tag("message") }}',
    why=(
        "Templates see data and nothing else: no attributes of objects, no calls, no macros, no"
        " endless loops. That holds for hostile policies too."
    ),
    configure="The message says what to use instead, where there is something.",
)
