"""missing-bounds: nothing says what a run may cost, or how long it may take."""

from __future__ import annotations

from collections.abc import Iterator

from router.compiler.compilation import CompiledTask
from router.rules.base import Facts, Rule
from router.types import Finding, Severity

__all__ = ["RULE", "check"]


def check(compiled: CompiledTask, facts: Facts) -> Iterator[Finding]:
    budget = compiled.task.budget
    bounds = {"`usd`": budget.usd, "`deadline`": budget.deadline}
    lacking = " and ".join(name for name, bound in bounds.items() if bound is None)
    if lacking:
        message = f"a run of `{compiled.task.name}` is bounded without {lacking}"
        place = compiled.node.at("budget", "run") or compiled.name
        yield RULE.at(place, message, f"set {lacking} under `budget.run`")


RULE = Rule(
    name="missing-bounds",
    severity=Severity.INFO,
    summary="A task has no bound on what a run may cost, or on how long it may take.",
    avoid="sort: {prompt: …, tiers: …}",
    prefer="sort: {prompt: …, tiers: …, budget: {run: {usd: 0.05, deadline: 30s}}}",
    why=(
        "Retries, escalations, samples and verifiers add up. Without a deadline a caller may wait "
        "for 20 attempts, each with the time that its `max_tokens` allows; without `usd` it may "
        "pay for as many."
    ),
    configure="`router plan TASK` shows what one way up the ladder costs at most.",
    check=check,
)
