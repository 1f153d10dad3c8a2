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
            if _needs_trust(verifier, name):
                what = "the answer" if name == _ANSWER else f"`{name}`, which this task does not"
                message = f"`{verifier.task.name}` trusts {what}"
                yield RULE.at(node, message, f"take `{name}` out of `trusted` there, and `tag` it")


def _needs_trust(verifier: CompiledTask, name: str) -> bool:
    """Whether the verifier could not use the input as it does if it did not trust it."""
    for part in parts(verifier):
        template = part.template
        if template is not None:
            exposed = template.names if part.kind == "system" else template.untagged
            if name in exposed:
                return True
    return False


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
        "threshold stops anything any more. Only inputs count that the verifier writes into its "
        "`system`, or without a tag into its `user`."
    ),
    configure="Where one program sets the text for both tasks, trust it in both.",
    check=check,
)
