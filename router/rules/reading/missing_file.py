"""missing-file: a file that a policy names is not there."""

from __future__ import annotations

from router.rules.base import Rule
from router.types import Severity

__all__ = ["RULE"]

RULE = Rule(
    name="missing-file",
    severity=Severity.ERROR,
    summary="A file that a policy names is not there.",
    avoid="- {file: prompts/rol.md.j2}",
    prefer="- {file: prompts/role.md.j2}",
    why="The prompt or schema would be empty.",
    configure="The path is taken from where the policy file lies.",
)
