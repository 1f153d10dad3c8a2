"""duplicate-tier: two tiers of one ladder have the same name."""

from __future__ import annotations

from router.rules.base import Rule
from router.types import Severity

__all__ = ["RULE"]

RULE = Rule(
    name="duplicate-tier",
    severity=Severity.ERROR,
    summary="Two tiers of one ladder have the same name.",
    avoid="tiers: [{model: haiku, …}, {model: haiku, …}]",
    prefer="tiers: [{model: haiku, …}, {name: haiku-high, model: haiku, effort: high, …}]",
    why="Rules, ledger and reports could not tell them apart.",
    configure="Give one of them a `name`.",
)
