"""agreement-on-text: samples of free text never agree."""

from __future__ import annotations

from collections.abc import Iterator

from router.compiler.compilation import CompiledTask
from router.compiler.model import AgreementSignal
from router.policy.nodes import Node
from router.rules.base import Facts, Rule
from router.rules.schemas import checked, free_text
from router.types import Finding, Severity

__all__ = ["RULE", "check"]


def check(compiled: CompiledTask, facts: Facts) -> Iterator[Finding]:
    confidence, output = compiled.task.confidence, compiled.task.output
    for signal in confidence.signals if confidence is not None and output is not None else ():
        if not isinstance(signal, AgreementSignal) or output is None:
            continue
        if all(free_text(schema, output.source) for schema in checked(output).at(signal.of)):
            name = ".".join(("output", *signal.of))
            message = f"samples are compared by `{name}`, which is free text"
            help_line = "compare an `enum`, a boolean or a number"
            yield RULE.at(_place(compiled) or compiled.node, message, help_line)


def _place(compiled: CompiledTask) -> Node | None:
    node = compiled.node.get("confidence")
    several = node.get("all") if node is not None else None
    for one in several.elements() if several is not None else (node,):
        found = one.at("agreement", "of") if one is not None else None
        if found is not None:
            return found
    return None


RULE = Rule(
    name="agreement-on-text",
    severity=Severity.WARNING,
    summary="Agreement compares samples by a field of free text.",
    avoid="confidence: {agreement: {samples: 3, of: output.explanation}}",
    prefer="confidence: {agreement: {samples: 3, of: output.label}}",
    why=(
        "Samples agree if the field is equal but for letter case. Two good answers are hardly "
        "ever worded alike, so every run pays for all samples and escalates all the same."
    ),
    configure="Fine where the text is short and has one spelling, such as a code or a name.",
    check=check,
)
