"""untrusted-in-system: text from outside where the model takes its orders from."""

from __future__ import annotations

from collections.abc import Iterator

from router.compiler.compilation import CompiledTask
from router.rules.base import Facts, Rule
from router.rules.prompts import parts
from router.rules.schemas import free_text, properties
from router.rules.text_places import name_place
from router.types import Finding, Severity

__all__ = ["RULE", "check"]


def check(compiled: CompiledTask, facts: Facts) -> Iterator[Finding]:
    task = compiled.task
    if task.input is None:
        return
    declared = properties(task.input)
    for part in parts(compiled):
        template = part.template if part.kind == "system" else None
        for name in sorted(template.names - task.trusted) if template is not None else ():
            if template is not None and free_text(declared.get(name), task.input.source):
                yield RULE.at_place(
                    name_place(part, template, name),
                    f"untrusted input `{name}` in the system prompt",
                    f'move it into `user` as {{{{ {name} | tag("{name}") }}}}',
                )


RULE = Rule(
    name="untrusted-in-system",
    severity=Severity.ERROR,
    summary="The system prompt contains text that the policy does not trust.",
    avoid='system: "Answer {{ message }}"',
    prefer="system: Answer the message.\nuser: '{{ message | tag(\"message\") }}'",
    why=(
        "The model takes the system prompt for its operator's word. Text of strangers in it is an "
        "instruction by strangers, tagged or not. Numbers, booleans and enums cannot instruct "
        "and are let through."
    ),
    configure="List an input under `trusted` if your own program sets it.",
    check=check,
)
