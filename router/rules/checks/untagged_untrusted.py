"""untagged-untrusted: text from outside that nothing keeps apart from the prompt."""

from __future__ import annotations

from collections.abc import Iterator

from router.compiler.compilation import CompiledTask
from router.policy.edits import fix, is_own
from router.rules.base import Facts, Rule
from router.rules.prompts import CheckedTemplate, Part, parts
from router.rules.text_places import bare_uses, text_node
from router.rules.trust import untrusted_text
from router.types import Edit, Finding, Fix, Severity

__all__ = ["RULE", "check"]


def check(compiled: CompiledTask, facts: Facts) -> Iterator[Finding]:
    for name, part, place in untrusted_text(compiled, "user", lambda found: found.untagged):
        message = f"untrusted input `{name}` outside a tag"
        help_line = f'write {{{{ {name} | tag("{name}") }}}}'
        yield RULE.at_place(place, message, help_line, fix=_fix(compiled, facts, part, name))


def _fix(compiled: CompiledTask, facts: Facts, part: Part, name: str) -> Fix | None:
    template = part.template
    if template is None or _shared(compiled, facts, part, template):
        return None
    quote = "'" if template.file is None and text_node(part.node).style == "double" else '"'
    added = f" | tag({quote}{name}{quote})"
    places = bare_uses(part, template, name)
    return fix(f"put `{name}` into a tag", tuple(Edit(place, added) for place in places) or None)


def _shared(compiled: CompiledTask, facts: Facts, part: Part, template: CheckedTemplate) -> bool:
    """Whether another task takes its text from the same place, and may trust the input."""
    if template.file is None:
        return not is_own(part.node, compiled.node)
    return any(
        other is not compiled and template.file in (found.file, *found.files)
        for other in facts.tasks.values()
        for found in (one.template for one in parts(other))
        if found is not None
    )


RULE = Rule(
    name="untagged-untrusted",
    severity=Severity.ERROR,
    summary="An untrusted input is written into the prompt without `| tag(...)`.",
    avoid='user: "Summarise: {{ message }}"',
    prefer="user: 'Summarise: {{ message | tag(\"message\") }}'",
    why=(
        "Without an element around it nobody, the model included, can tell where the stranger's "
        "text ends. `tag` wraps it so that the text can neither close nor forge its element. "
        "Elements that the template opens around it are named too, and then cannot be closed "
        'either: `tag("text", "source")`. '
        "Numbers, booleans and enums, images, documents and turns need no tag."
    ),
    configure="List an input under `trusted` if your own program sets it.",
    mends="safe",
    check=check,
)
