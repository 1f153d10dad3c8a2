"""merge-key: a map uses the merge key `<<`."""

from __future__ import annotations

from router.rules.base import Rule
from router.types import Severity

__all__ = ["RULE"]

RULE = Rule(
    name="merge-key",
    severity=Severity.ERROR,
    summary="A map uses the merge key `<<`.",
    avoid="classify: {<<: *base, max_tokens: 512}",
    prefer="classify: {extends: _base}",
    why=(
        "Merge keys are no part of YAML 1.2 and merge flatly. `extends` merges deeply and keeps"
        " every place for messages."
    ),
    configure="Use `extends` on the task or on the file.",
)
