"""path-over-budget: the run's budget stops the path that the policy promises."""

from __future__ import annotations

from collections.abc import Iterator

from router.compiler.compilation import CompiledTask
from router.rules.base import Facts, Rule
from router.rules.sizes import attempt_cost, path_cost
from router.types import Finding, Severity

__all__ = ["RULE", "check"]

_HELP = "raise the budget, or lower `max_tokens` or the inputs' `maxLength`"


def check(compiled: CompiledTask, facts: Facts) -> Iterator[Finding]:
    usd = compiled.task.budget.usd
    if usd is None:
        return
    place = compiled.node.at("budget", "run", "usd") or compiled.node
    first = compiled.task.tiers[0]
    one = attempt_cost(compiled, facts, first)
    if one is not None and one > usd:
        message = f"one call on `{first.name}` can cost about ${one:.4f}, the budget is ${usd}"
        yield RULE.at(place, message, _HELP)
        return
    total, names = path_cost(compiled, facts)
    if total > usd:
        path = " -> ".join(names)
        message = f"the path {path} can cost about ${total:.4f}, the budget is ${usd}"
        yield RULE.at(place, message, _HELP, severity=Severity.WARNING)


RULE = Rule(
    name="path-over-budget",
    severity=Severity.ERROR,
    summary="The worst case of the ladder costs more than `budget.run.usd`.",
    avoid="tiers: [{model: opus, max_tokens: 64000}]\nbudget: {run: {usd: 0.05}}",
    prefer="tiers: [{model: opus, max_tokens: 2048}]\nbudget: {run: {usd: 0.20}}",
    why=(
        "A call whose worst case does not fit what is left of the budget is not made. It is an "
        "error where not even the first tier's call fits with the longest inputs, a warning where "
        "the last tiers of the path may not: the run then ends with the answer it has."
    ),
    configure=(
        "Sizes are estimates: inputs at their `maxLength`, all of `max_tokens` spent, caches "
        "cold, samples and verifiers included, no retries. `router plan TASK` shows each tier."
    ),
    needs="estimates",
    check=check,
)
