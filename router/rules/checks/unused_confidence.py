"""unused-confidence: samples or a verifier are configured, and no rule asks for their word."""

from __future__ import annotations

from collections.abc import Iterator

from router.compiler.compilation import CompiledTask
from router.compiler.model import FieldSignal
from router.policy.edits import delete_entry, fix, is_own
from router.rules.base import Facts, Rule
from router.types import Finding, Severity

__all__ = ["RULE", "check"]


def check(compiled: CompiledTask, facts: Facts) -> Iterator[Finding]:
    task = compiled.task
    signals = task.confidence.signals if task.confidence is not None else ()
    if all(isinstance(signal, FieldSignal) for signal in signals):
        return  # a field costs nothing, and its value is in the result
    if not any(task.reads_confidence(tier) for tier in task.tiers):
        message = "no tier has a rule that reads the confidence: it is never asked for"
        help_line = "add `escalate: [{below: …}]` to a tier, or remove `confidence`"
        remedy, written = None, compiled.node.get("confidence")
        if written is not None and is_own(written, compiled.node):
            edits = delete_entry(compiled.node, "confidence")
            remedy = fix("remove `confidence`", edits, safe=False)
        yield RULE.at(compiled.node, message, help_line, key="confidence", fix=remedy)


RULE = Rule(
    name="unused-confidence",
    severity=Severity.WARNING,
    summary="Agreement or a verifier is configured, and no tier escalates by it.",
    avoid="confidence: {verifier: judge}\ntiers: [{model: haiku, …}, {model: opus, …}]",
    prefer=(
        "confidence: {verifier: judge}\n"
        "tiers: [{model: haiku, …, escalate: [{below: 0.8}]}, {model: opus, …}]"
    ),
    why=(
        "Samples and verifiers cost calls, so they are asked only where a rule reads their word. "
        "Without one no answer is checked, and the policy reads as if all were."
    ),
    mends="unsafe",
    check=check,
)
