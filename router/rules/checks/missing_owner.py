"""missing-owner: a task that nobody is named for."""

from __future__ import annotations

from collections.abc import Iterator

from router.compiler.compilation import CompiledTask
from router.rules.base import Facts, Rule
from router.types import Finding, Severity

__all__ = ["RULE", "check"]


def check(compiled: CompiledTask, facts: Facts) -> Iterator[Finding]:
    if not compiled.task.owner:
        message = f"nobody is named for `{compiled.task.name}`"
        yield RULE.at(compiled.name, message, "add `owner`: the team or person to ask")


RULE = Rule(
    name="missing-owner",
    severity=Severity.INFO,
    summary="A task has no `owner`.",
    avoid="sort: {prompt: …, tiers: …}",
    prefer="sort: {owner: support-platform, prompt: …, tiers: …}",
    why=(
        "When its cost doubles or its model retires, somebody has to be asked. `router tasks` "
        "lists owners; a parent can name one for all of its tasks."
    ),
    check=check,
)
