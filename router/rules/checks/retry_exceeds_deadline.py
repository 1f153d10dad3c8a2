"""retry-exceeds-deadline: waiting alone uses up the run's time."""

from __future__ import annotations

from collections.abc import Iterator

from router.compiler.compilation import CompiledTask
from router.compiler.model import Retry
from router.rules.base import Facts, Rule
from router.types import Finding, Severity

__all__ = ["RULE", "check"]


def check(compiled: CompiledTask, facts: Facts) -> Iterator[Finding]:
    deadline, retry = compiled.task.budget.deadline, compiled.task.retry
    if deadline is None:
        return
    waiting = _expected_wait(retry)
    if waiting > deadline:
        message = (
            f"{retry.retries} retries wait {waiting:.3g}s on average, "
            f"a run of `{compiled.task.name}` has {deadline:g}s"
        )
        help_line = "fewer `retries`, a lower `cap`, or a longer deadline"
        if compiled.node.get("retry") is not None:
            yield RULE.at(compiled.node, message, help_line, key="retry")
        else:
            place = compiled.node.at("budget", "run", "deadline") or compiled.node
            yield RULE.at(place, message, help_line)


def _expected_wait(retry: Retry) -> float:
    """Full jitter waits half of each bound on average."""
    bounds = (min(retry.cap, retry.base * retry.factor**n) for n in range(retry.retries))
    return sum(bounds) / 2


RULE = Rule(
    name="retry-exceeds-deadline",
    severity=Severity.WARNING,
    summary="The waits between retries alone take longer than the run's deadline.",
    avoid="retry: {retries: 10, base: 2s, factor: 3, cap: 60s}\nbudget: {run: {deadline: 30s}}",
    prefer="retry: {retries: 3, base: 1s, cap: 5s}\nbudget: {run: {deadline: 30s}}",
    why=(
        "The last retries can never be made, and the first tier's waits eat the time in which a "
        "fallback could have answered."
    ),
    configure="Set `retry` to what the deadline has room for; `retries: 0` falls back at once.",
    check=check,
)
