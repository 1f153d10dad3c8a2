"""unmappable-template: a template in a scalar that hides where its text was written."""

from __future__ import annotations

from collections.abc import Iterator

from router.compiler.compilation import CompiledTask
from router.rules.base import Facts, Rule
from router.rules.prompts import parts, template_of
from router.rules.text_places import place_in_scalar, text_node
from router.types import Finding, Severity

__all__ = ["RULE", "check"]

_KINDS = {
    "folded": "a folded block",
    "single": "quotes over several lines",
    "double": "quotes with escapes or over several lines",
}


def check(compiled: CompiledTask, facts: Facts) -> Iterator[Finding]:
    for part in parts(compiled):
        template = template_of(part.block) if part.block is not None else None
        if template is None or template.file is not None or template.constant:
            continue
        node = text_node(part.node)
        if node.style == "literal" or not isinstance(node.value, str):
            continue
        first = min(o for o in map(node.value.find, ("{{", "{%")) if o >= 0)
        if place_in_scalar(node, first, 2) is None:
            message = f"a template in {_KINDS.get(node.style or '', 'text over several lines')}"
            yield RULE.at(node, message, "a literal block (`|`), or a file of its own")


RULE = Rule(
    name="unmappable-template",
    severity=Severity.WARNING,
    summary="A template stands in a folded block, or in quotes over several lines or with escapes.",
    avoid='user: >\n  Sort this message:\n  {{ message | tag("message") }}',
    prefer='user: |\n  Sort this message:\n  {{ message | tag("message") }}',
    why=(
        "Folding joins the lines of a prompt into one, which is rarely meant. And what is wrong in "
        "such a template is reported without its place: nobody can tell any more on which line and "
        "column a character of the text was written."
    ),
    configure="Templates on one line may be quoted.",
    check=check,
)
