"""optional-signal: the field that escalation hangs on may be left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from router.compiler.compilation import CompiledTask
from router.compiler.model import FieldSignal, VerifierSignal
from router.rules.base import Facts, Rule
from router.rules.schemas import place
from router.types import Finding, Severity

__all__ = ["RULE", "check"]


def check(compiled: CompiledTask, facts: Facts) -> Iterator[Finding]:
    confidence, output = compiled.task.confidence, compiled.task.output
    if confidence is None or output is None:
        return
    for signal in confidence.signals:
        if isinstance(signal, VerifierSignal):
            continue
        path = signal.path if isinstance(signal, FieldSignal) else signal.of
        optional = _optional(output.source, path)
        if optional is not None:
            steps = [step for name in optional for step in ("properties", name)]
            node, key = place(compiled, "output", tuple(steps))
            message = f"the answer may lack `{optional[-1]}`, which confidence is read from"
            yield RULE.at(node, message, f"add `{optional[-1]}` to `required`", key=key)


def _optional(schema: Mapping[str, Any], path: tuple[str, ...]) -> tuple[str, ...] | None:
    """The path up to the first field that need not be there."""
    for index, name in enumerate(path):
        children = schema.get("properties")
        if not isinstance(children, Mapping) or not isinstance(children.get(name), Mapping):
            return None
        if name not in schema.get("required", ()):
            return path[: index + 1]
        schema = children[name]
    return None


RULE = Rule(
    name="optional-signal",
    severity=Severity.WARNING,
    summary="The field that gives the confidence is not required in the answer.",
    avoid="output: {required: [label], properties: {label: …, confidence: …}}",
    prefer="output: {required: [label, confidence], properties: {label: …, confidence: …}}",
    why=(
        "A confidence that is missing counts as not confident: each answer without the field is "
        "paid for again one tier up, however good it is."
    ),
    check=check,
)
