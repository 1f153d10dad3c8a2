"""unused-ignore: a suppression that suppresses nothing."""

from __future__ import annotations

from router.rules.base import Rule
from router.types import Severity

__all__ = ["RULE"]

RULE = Rule(
    name="unused-ignore",
    severity=Severity.WARNING,
    summary="A comment ignores a rule that has nothing to say there, or that cannot be ignored.",
    avoid=(
        "# router: ignore[unbounded-input] the field is cut by the form\n"
        "mail: {type: string, maxLength: 8000}"
    ),
    prefer="mail: {type: string, maxLength: 8000}",
    why=(
        "What a comment excuses should be there. A stale one hides the next finding of its rule, "
        "one with a mistyped name hides nothing, and an error is what start and reload refuse, "
        "so no comment can excuse it."
    ),
    configure=(
        "`router lint --fix` removes it. Stale comments are not reported while a policy has "
        "errors, because findings may be missing for those."
    ),
    mends="either",
    lint_only=True,
)
