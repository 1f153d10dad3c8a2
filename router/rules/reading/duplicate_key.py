"""duplicate-key: a map has the same key twice."""

from __future__ import annotations

from router.rules.base import Rule
from router.types import Severity

__all__ = ["RULE"]

RULE = Rule(
    name="duplicate-key",
    severity=Severity.ERROR,
    summary="A map has the same key twice.",
    avoid="max_tokens: 512\nmax_tokens: 2048",
    prefer="max_tokens: 2048",
    why=("Most YAML readers keep the last one in silence: what the reviewer saw is not what runs."),
)
