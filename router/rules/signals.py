"""Confidence as rules look at it: which tiers are judged, by whom, and with how many calls."""

from __future__ import annotations

from collections.abc import Iterator

from router.compiler.compilation import CompiledTask
from router.compiler.model import AgreementSignal, Task, Tier, VerifierSignal
from router.policy.nodes import Node
from router.rules.base import Facts

__all__ = ["calls", "judged", "verifier_nodes", "verifiers"]

_MOST_VERIFIERS = 3  # of verifiers of verifiers


def judged(task: Task, tier: Tier) -> bool:
    """Whether leaving the tier depends on confidence: only then are paid signals gathered."""
    return task.confidence is not None and any(
        rule.below is not None or (rule.when is not None and "confidence" in rule.when.names)
        for rule in tier.escalate
    )


def calls(task: Task, tier: Tier) -> int:
    """How many calls one visit of the tier makes: samples, where its rules read confidence."""
    if task.confidence is None or not judged(task, tier):
        return 1
    signals = task.confidence.signals
    return max((s.samples for s in signals if isinstance(s, AgreementSignal)), default=1)


def verifiers(compiled: CompiledTask, facts: Facts, depth: int = 0) -> Iterator[CompiledTask]:
    """The tasks that judge a task's answers."""
    confidence = compiled.task.confidence
    for signal in confidence.signals if confidence is not None else ():
        if isinstance(signal, VerifierSignal) and depth < _MOST_VERIFIERS:
            verifier = facts.tasks.get(signal.task)
            if verifier is not None:
                yield verifier


def verifier_nodes(compiled: CompiledTask, facts: Facts) -> Iterator[tuple[CompiledTask, Node]]:
    """The same, each with the place where its name is written."""
    confidence = compiled.node.get("confidence")
    several = confidence.get("all") if confidence is not None else None
    for node in several.elements() if several is not None else (confidence,):
        name = node.get("verifier") if node is not None else None
        verifier = facts.tasks.get(str(name.value)) if name is not None else None
        if name is not None and verifier is not None:
            yield verifier, name
