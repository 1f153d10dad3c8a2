"""unknown-key: a key that the format does not have."""

from __future__ import annotations

from router.rules.base import Rule
from router.types import Severity

__all__ = ["RULE"]

RULE = Rule(
    name="unknown-key",
    severity=Severity.ERROR,
    summary="A key that the format does not have.",
    avoid="escalte: [{below: 0.8}]",
    prefer="escalate: [{below: 0.8}]",
    why=(
        "A key that is ignored is a setting that its author believes in. Nothing is ever "
        "dropped in silence."
    ),
    configure=(
        "The keys are listed in the policy reference and in schemas/policy.schema.json, which "
        "editors read."
    ),
    mends="either",
)
