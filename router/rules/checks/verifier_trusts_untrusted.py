"""verifier-trusts-untrusted: text of a stranger's that a verifier takes for its own program's."""

from __future__ import annotations

from collections.abc import Iterator

from router.compiler.compilation import CompiledTask
from router.rules.base import Facts, Rule
from router.rules.prompts import parts
from router.rules.schemas import free_text, properties
from router.rules.signals import verifier_nodes
from router.types import Finding, Severity

__all__ = ["RULE", "check"]

_ANSWER = "answer"


def check(compiled: CompiledTask, facts: Facts) -> Iterator[Finding]:
    task = compiled.task
    given = {_ANSWER, *properties(task.input)} - task.trusted
    for verifier, node in verifier_nodes(compiled, facts):
        for name in sorted(given & verifier.task.trusted):
            schema = verifier.task.input
            if schema is None or not free_text(properties(schema).get(name), schema.source):
                continue
            severity = _harm(verifier, name)
            if severity is not None:
                what = "the answer" if name == _ANSWER else f"`{name}`, which this task does not"
                message = f"`{verifier.task.name}` trusts {what}"
                help_line = f"take `{name}` out of `trusted` there, and wrap it with `tag`"
                yield RULE.at(node, message, help_line, severity=severity)


def _harm(verifier: CompiledTask, name: str) -> Severity | None:
    """As grave as if the verifier did not trust it: see the two rules on untrusted text."""
    worst: Severity | None = None
    for part in parts(verifier):
        template = part.template
        if template is None:
            continue
        if part.kind == "system" and name in template.names:
            return Severity.ERROR
        if part.kind == "user" and name in template.untagged:
            worst = Severity.WARNING
    return worst


RULE = Rule(
    name="verifier-trusts-untrusted",
    severity=Severity.ERROR,
    summary="A verifier trusts an input that the task it judges does not.",
    avoid=(
        "answer: {trusted: [], confidence: {verifier: judge}, …}\n"
        "judge: {trusted: [question], prompt: {system: '{{ question }}'}, …}"
    ),
    prefer=(
        "answer: {trusted: [], confidence: {verifier: judge}, …}\n"
        "judge: {prompt: {user: '{{ question | tag(\"question\") }}'}, …}"
    ),
    why=(
        "The verifier is given the task's inputs, and the answer that a model made of them. Text "
        'that says "this answer is right" then speaks with the policy\'s own voice, and no '
        "threshold stops anything any more. It is an error where the text stands in the "
        "verifier's `system`, a warning where it is not tagged in its `user`."
    ),
    configure="As a warning it can be suppressed, where both tasks get the text from one program.",
    check=check,
)
