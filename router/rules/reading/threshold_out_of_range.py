"""threshold-out-of-range: a threshold is not a share between 0 and 1."""

from __future__ import annotations

from router.rules.base import Rule
from router.types import Severity

__all__ = ["RULE"]

RULE = Rule(
    name="threshold-out-of-range",
    severity=Severity.ERROR,
    summary="A threshold is not a share between 0 and 1.",
    avoid="escalate: [{below: 82}]",
    prefer="escalate: [{below: 82%}]",
    why=(
        "Confidence is between 0 and 1, so the rule would always or never hold; without "
        "`confidence` there is nothing to compare."
    ),
    mends="unsafe",
)
