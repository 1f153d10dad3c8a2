"""no-recovery: one overloaded answer, and the run has failed."""

from __future__ import annotations

from collections.abc import Iterator

from router.compiler.compilation import CompiledTask
from router.rules.base import Facts, Rule
from router.types import Finding, Severity

__all__ = ["RULE", "check"]


def check(compiled: CompiledTask, facts: Facts) -> Iterator[Finding]:
    task = compiled.task
    nowhere = len(task.tiers) == 1 or task.fallback == ()
    if task.retry.retries == 0 and nowhere:
        place = compiled.node.get("retry") or compiled.node
        message = "no retries, and no tier to fall back to: one fault of the API ends the run"
        yield RULE.at(place, message, "`retries: 1` or more, or a `fallback`", key="retries")


RULE = Rule(
    name="no-recovery",
    severity=Severity.INFO,
    summary="A task has neither retries nor a tier to fall back to.",
    avoid="retry: {retries: 0}\nfallback: []",
    prefer="retry: {retries: 2}",
    why=(
        "An overloaded or unreachable API answers again after seconds in most cases. Without "
        "either, each such moment is an error for the caller."
    ),
    configure="Right where the caller itself retries.",
    check=check,
)
