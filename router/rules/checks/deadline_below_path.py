"""deadline-below-path: the last tier may lack the time that its policy gives it."""

from __future__ import annotations

from collections.abc import Iterator

from router.compiler.compilation import CompiledTask
from router.rules.base import Facts, Rule
from router.rules.ladder import heaviest_path, tier_nodes
from router.types import Finding, Severity

__all__ = ["RULE", "check"]


def check(compiled: CompiledTask, facts: Facts) -> Iterator[Finding]:
    deadline = compiled.task.budget.deadline
    if deadline is None:
        return
    single = False
    for tier, node in tier_nodes(compiled):
        if tier.timeout is not None and tier.timeout > deadline:
            single = True
            message = f"a timeout of {tier.timeout:g}s; the whole run has {deadline:g}s"
            yield RULE.at(node.get("timeout") or node, message, "shorten it, or raise the deadline")
    if single:
        return
    total, names = heaviest_path(compiled, lambda tier: tier.timeout or 0.0)
    if total > deadline:
        place = compiled.node.at("budget", "run", "deadline") or compiled.node
        message = f"{deadline:g}s, but one attempt each on {' -> '.join(names)} may take {total:g}s"
        yield RULE.at(place, message, f"at least `{total:g}s`, or shorter timeouts")


RULE = Rule(
    name="deadline-below-path",
    severity=Severity.WARNING,
    summary="The run's deadline is shorter than the timeouts of its longest path.",
    avoid="tiers: [{…, timeout: 20s}, {…, timeout: 40s}]\nbudget: {run: {deadline: 30s}}",
    prefer="tiers: [{…, timeout: 20s}, {…, timeout: 40s}]\nbudget: {run: {deadline: 60s}}",
    why=(
        "When the first tiers take the time they are given, nothing is left for the last: a run "
        "that needs its best model most ends in DeadlineExceeded. One attempt a tier is counted, "
        "and only tiers that state a timeout; retries and verifiers come on top."
    ),
    configure=(
        "Raise `budget.run.deadline` or shorten the tiers' `timeout`. Fine where answers are far "
        "faster than their timeouts, and no caller waits longer in any case."
    ),
    check=check,
)
