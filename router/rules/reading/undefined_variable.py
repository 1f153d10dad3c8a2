"""undefined-variable: a template or block names an input that the task does not have."""

from __future__ import annotations

from router.rules.base import Rule
from router.types import Severity

__all__ = ["RULE"]

RULE = Rule(
    name="undefined-variable",
    severity=Severity.ERROR,
    summary="A template or block names an input that the task does not have.",
    avoid="user: '{{ mesage | tag(\"message\") }}'",
    prefer="user: '{{ message | tag(\"message\") }}'",
    why=(
        "In most template engines it renders as nothing, and the model answers to an empty prompt."
    ),
    configure="Declare it under `input`.",
)
