"""untagged-untrusted: text from outside that nothing keeps apart from the prompt."""

from __future__ import annotations

from collections.abc import Iterator

from router.compiler.compilation import CompiledTask
from router.rules.base import Facts, Rule
from router.rules.trust import untrusted_text
from router.types import Finding, Severity

__all__ = ["RULE", "check"]


def check(compiled: CompiledTask, facts: Facts) -> Iterator[Finding]:
    for name, place in untrusted_text(compiled, "user", lambda template: template.untagged):
        message = f"untrusted input `{name}` outside a tag"
        yield RULE.at_place(place, message, f'write {{{{ {name} | tag("{name}") }}}}')


RULE = Rule(
    name="untagged-untrusted",
    severity=Severity.ERROR,
    summary="An untrusted input is written into the prompt without `| tag(...)`.",
    avoid='user: "Summarise: {{ message }}"',
    prefer="user: 'Summarise: {{ message | tag(\"message\") }}'",
    why=(
        "Without an element around it nobody, the model included, can tell where the stranger's "
        "text ends. `tag` wraps it so that the text can neither close nor forge its element. "
        "Numbers, booleans and enums, images, documents and turns need no tag."
    ),
    configure="List an input under `trusted` if your own program sets it.",
    check=check,
)
