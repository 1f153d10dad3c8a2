"""unknown-model: a tier names a model that neither `models` nor the catalog knows."""

from __future__ import annotations

from router.rules.base import Rule
from router.types import Severity

__all__ = ["RULE"]

RULE = Rule(
    name="unknown-model",
    severity=Severity.ERROR,
    summary="A tier names a model that neither `models` nor the catalog knows.",
    avoid="{model: claude-haiku-55, max_tokens: 512}",
    prefer="{model: claude-haiku-5-5, max_tokens: 512}",
    why="The API answers 404, and nobody can say what it would cost.",
    configure=(
        "`router models` lists what is known; `local:NAME` is a model of an endpoint of your own."
    ),
    needs="catalog",
    mends="unsafe",
)
