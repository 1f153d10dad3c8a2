"""unknown-signal: confidence or a condition reads something that no answer has."""

from __future__ import annotations

from router.rules.base import Rule
from router.types import Severity

__all__ = ["RULE"]

RULE = Rule(
    name="unknown-signal",
    severity=Severity.ERROR,
    summary="Confidence or a condition reads something that no answer has.",
    avoid="confidence: {field: output.certainty}",
    prefer="confidence: {field: output.confidence}",
    why=(
        "A signal that never arrives counts as not confident: every run escalates to the "
        "dearest tier."
    ),
    configure=(
        "Add the field to `output`, or name one that is there. A verifier is a task with a "
        "numeric `confidence`."
    ),
)
