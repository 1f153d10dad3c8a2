"""conflicting-keys: two keys of one map exclude each other, or one needs another."""

from __future__ import annotations

from router.rules.base import Rule
from router.types import Severity

__all__ = ["RULE"]

RULE = Rule(
    name="conflicting-keys",
    severity=Severity.ERROR,
    summary="Two keys of one map exclude each other, or one needs another.",
    avoid='{below: 0.8, when: output.label == "fraud"}',
    prefer='- {below: 0.8}\n- {when: output.label == "fraud"}',
    why="Each of them decides alone, so together they are ambiguous.",
    configure="Keep one; `key: null` removes one that comes from a parent.",
)
