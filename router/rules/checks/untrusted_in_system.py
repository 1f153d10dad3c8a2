"""untrusted-in-system: text from outside where the model takes its orders from."""

from __future__ import annotations

from collections.abc import Iterator

from router.compiler.compilation import CompiledTask
from router.rules.base import Facts, Rule
from router.rules.trust import untrusted_text
from router.types import Finding, Severity

__all__ = ["RULE", "check"]


def check(compiled: CompiledTask, facts: Facts) -> Iterator[Finding]:
    for name, _, place in untrusted_text(compiled, "system", lambda template: template.names):
        message = f"untrusted input `{name}` in the system prompt"
        yield RULE.at_place(
            place, message, f'move it into `user` as {{{{ {name} | tag("{name}") }}}}'
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
