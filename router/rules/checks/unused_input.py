"""unused-input: a promise in the contract that nothing keeps."""

from __future__ import annotations

from collections.abc import Iterator

from router.compiler.compilation import CompiledTask
from router.compiler.model import VerifierSignal
from router.policy.edits import delete_element, delete_entry, fix, is_own
from router.rules.base import Facts, Rule
from router.rules.conditions import written_conditions
from router.rules.prompts import media_inputs, parts, template_of
from router.rules.schemas import place, properties
from router.types import Finding, Fix, Severity

__all__ = ["RULE", "check"]


def check(compiled: CompiledTask, facts: Facts) -> Iterator[Finding]:
    declared = properties(compiled.task.input)
    if not declared:
        return
    used = set(media_inputs(compiled))
    for part in parts(compiled):
        template = template_of(part.block) if part.block is not None else None
        if template is not None:
            used |= template.names
    for written in written_conditions(compiled):
        used |= written.condition.names
    confidence = compiled.task.confidence
    for signal in confidence.signals if confidence is not None else ():
        verifier = facts.tasks.get(signal.task) if isinstance(signal, VerifierSignal) else None
        if verifier is not None:
            used |= properties(verifier.task.input).keys()
    for name in declared:
        if name not in used:
            node, key = place(compiled, "input", ("properties", name))
            message = f"no template and no condition uses the input `{name}`"
            help_line = "use it, or remove it from `input`"
            yield RULE.at(node, message, help_line, key=key, fix=_fix(compiled, name))


def _fix(compiled: CompiledTask, name: str) -> Fix | None:
    """The input gone wherever the task names it."""
    declared = compiled.node.at("input", "properties")
    if declared is None or not is_own(declared, compiled.node):
        return None
    edits = [delete_entry(declared, name)]
    for listed in (compiled.node.at("input", "required"), compiled.node.get("trusted")):
        for index, one in enumerate(listed.elements() if listed is not None else ()):
            if listed is not None and one.value == name:
                own = is_own(listed, compiled.node)
                edits.append(delete_element(listed, index) if own else None)
    return fix(f"remove the input `{name}`", *edits, safe=False)


RULE = Rule(
    name="unused-input",
    severity=Severity.WARNING,
    summary="An input is declared and used nowhere.",
    avoid="input: {properties: {message: …, locale: …}}\nuser: '{{ message | tag(\"message\") }}'",
    prefer="input: {properties: {message: …}}",
    why=(
        "Callers send a value that changes nothing, and believe that it does. Often the template "
        "has lost the line that used it. Inputs that a verifier of the same name takes are used."
    ),
    configure="Remove the input from `input`.",
    mends="unsafe",
    check=check,
)
