"""attempts-below-path: more calls are promised than the run may make."""

from __future__ import annotations

from collections.abc import Iterator

from router.compiler.compilation import CompiledTask
from router.compiler.model import FieldSignal
from router.rules.base import Facts, Rule
from router.rules.ladder import heaviest_path
from router.rules.signals import verifiers
from router.types import Finding, Severity

__all__ = ["RULE", "check"]


def check(compiled: CompiledTask, facts: Facts) -> Iterator[Finding]:
    task, most = compiled.task, compiled.task.budget.attempts
    signals = task.confidence.signals if task.confidence is not None else ()
    if len(task.tiers) <= most and all(isinstance(one, FieldSignal) for one in signals):
        return  # a call a tier, as on most ladders
    needed, names = _needed(compiled, facts)
    if needed > most:
        message = f"{most} attempts, but {' -> '.join(names)} takes {needed} without any retry"
        place = compiled.node.at("budget", "run", "attempts")
        help_line = f"`attempts: {needed}` or more: retries come on top"
        yield RULE.at(place or compiled.name, message, help_line)


def _needed(compiled: CompiledTask, facts: Facts, depth: int = 0) -> tuple[int, tuple[str, ...]]:
    """The calls of the way up the ladder that takes most, and that way."""
    beside = sum(_needed(one, facts, depth + 1)[0] for one in verifiers(compiled, facts, depth))
    task = compiled.task
    total, names = heaviest_path(
        compiled, lambda tier: task.calls(tier) + (beside if task.reads_confidence(tier) else 0)
    )
    return int(total), names


RULE = Rule(
    name="attempts-below-path",
    severity=Severity.WARNING,
    summary="The longest path of the ladder makes more calls than `budget.run.attempts` allows.",
    avoid=(
        "confidence: {agreement: {samples: 5, of: output.label}}\n"
        "tiers: [{model: haiku, …, escalate: [{below: 0.8}]}, {model: opus, …}]\n"
        "budget: {run: {attempts: 5}}"
    ),
    prefer="budget: {run: {attempts: 12}}",
    why=(
        "Each sample and each call of a verifier is an attempt. When they are used up, the run "
        "ends with the answer it has: the last tiers are never asked by the runs that need them. "
        "Without the key a run may make 20."
    ),
    configure="Raise `budget.run.attempts`, or take fewer samples.",
    check=check,
)
