"""Confidence as rules look at it: which tasks judge an answer, and where that is written."""

from __future__ import annotations

from collections.abc import Iterator

from router.compiler.compilation import CompiledTask
from router.compiler.model import VerifierSignal
from router.policy.nodes import Node
from router.rules.base import Facts

__all__ = ["verifier_nodes", "verifiers"]

_MOST_VERIFIERS = 3  # of verifiers of verifiers


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
