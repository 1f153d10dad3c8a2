"""schema-remote-ref: a schema refers to something outside itself."""

from __future__ import annotations

from router.rules.base import Rule
from router.types import Severity

__all__ = ["RULE"]

RULE = Rule(
    name="schema-remote-ref",
    severity=Severity.ERROR,
    summary="A schema refers to something outside itself.",
    avoid='{$ref: "https://example.com/label.json"}',
    prefer='{$ref: "#/$defs/label"}',
    why=(
        "Nothing is ever fetched: a validator that fetches can be steered, and fails when the "
        "network does."
    ),
    configure="Copy the schema under `$defs`.",
)
