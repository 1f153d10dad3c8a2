"""ignore-without-reason: a suppression that nobody can judge later."""

from __future__ import annotations

from router.rules.base import Rule
from router.types import Severity

__all__ = ["RULE"]

RULE = Rule(
    name="ignore-without-reason",
    severity=Severity.WARNING,
    summary="A comment ignores a rule and does not say why; it does not count.",
    avoid="mail: {type: string}  # router: ignore[unbounded-input]",
    prefer="mail: {type: string}  # router: ignore[unbounded-input] the form cuts at 8,000",
    why=(
        "Whoever reads the policy next year has to decide whether the excuse still holds. Without "
        "a reason nobody dares to remove the comment, and nobody knows whether to keep it."
    ),
    lint_only=True,
)
