"""missing-description: a task that does not say what it is for."""

from __future__ import annotations

from collections.abc import Iterator

from router.compiler.compilation import CompiledTask
from router.rules.base import Facts, Rule
from router.types import Finding, Severity

__all__ = ["RULE", "check"]


def check(compiled: CompiledTask, facts: Facts) -> Iterator[Finding]:
    if not compiled.task.description:
        message = f"nothing says what `{compiled.task.name}` is for"
        yield RULE.at(compiled.name, message, "add `description`, a sentence for people")


RULE = Rule(
    name="missing-description",
    severity=Severity.INFO,
    summary="A task has no `description`.",
    avoid="sort: {prompt: …, tiers: …}",
    prefer="sort: {description: Put a message into one of our queues., prompt: …, tiers: …}",
    why=(
        "A task's name is all that callers see. Two teams that read it differently send it "
        "different work, and its thresholds fit neither."
    ),
    check=check,
)
