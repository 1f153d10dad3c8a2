"""path-escape: a path leads out of the policy root, or is no relative path."""

from __future__ import annotations

from router.rules.base import Rule
from router.types import Severity

__all__ = ["RULE"]

RULE = Rule(
    name="path-escape",
    severity=Severity.ERROR,
    summary="A path leads out of the policy root, or is no relative path.",
    avoid="- {file: ../../etc/passwd}",
    prefer="- {file: prompts/role.md.j2}",
    why=(
        "A policy could send any file of the machine to the API. Links are followed before this"
        " is judged."
    ),
    configure="Copy what is needed below the policy root.",
)
