"""bad-case: a policy test that cannot mean what it says."""

from __future__ import annotations

from router.rules.base import Rule
from router.types import Severity

__all__ = ["RULE"]

RULE = Rule(
    name="bad-case",
    severity=Severity.ERROR,
    summary="A policy test that cannot mean what it says.",
    avoid=("- {name: retried, replies: {haiku: [{error: overlaoded}, $sure]}, expect: {}}"),
    prefer=(
        "- {name: retried, replies: {haiku: [{error: overloaded}, $sure]}, expect: {attempts: 2}}"
    ),
    why=(
        "A test that expects nothing, whose fault does not exist or whose `$name` stands for "
        "nothing would hold whatever the policy does, and be believed. So would one of two cases "
        "of a name, a column of a table that no case uses, or a task that is gone."
    ),
    configure=(
        "The keys are those of schemas/policytest.schema.json. `$$name` is the text `$name`; an "
        "output with a field called `error`, `stop` or `tool` is written `{output: {…}}`."
    ),
)
