"""optional-without-default: a template that fails when an optional input is not given."""

from __future__ import annotations

from collections.abc import Iterator

from router.compiler.compilation import CompiledTask
from router.rules.base import Facts, Rule
from router.rules.prompts import parts, template_of
from router.rules.schemas import checked, properties
from router.rules.text_places import name_place
from router.types import Finding, Severity

__all__ = ["RULE", "check"]


def check(compiled: CompiledTask, facts: Facts) -> Iterator[Finding]:
    schema = compiled.task.input
    if schema is None:
        return
    optional = properties(schema).keys() - checked(schema).always
    if not optional:
        return
    for part in parts(compiled):
        template = template_of(part.block) if part.block is not None else None
        if template is None:
            continue
        for name in sorted(template.unguarded & optional):
            yield RULE.at_place(
                name_place(part, template, name),
                f"`{name}` may be absent: it is not required and has no default",
                f"require it, give it a `default`, or ask `{{% if {name} is defined %}}`",
            )


RULE = Rule(
    name="optional-without-default",
    severity=Severity.ERROR,
    summary="A template uses an input that a caller may leave out.",
    avoid="input: {properties: {tone: {type: string}}}\nprompt: {user: 'In a {{ tone }} tone: …'}",
    prefer="input: {properties: {tone: {enum: [plain, warm], default: plain}}}",
    why="Without the input the template cannot be rendered: the run fails before any call.",
    configure=(
        "Add the name to `required`, give the property a `default`, or use "
        "`{% if name is defined %}` or `| default(...)` in the template."
    ),
    check=check,
)
