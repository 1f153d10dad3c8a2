"""cache-buster: text that changes per call in what is to be cached."""

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
    found = parts(compiled)
    last = max((index for index, part in enumerate(found) if part.cache is not None), default=-1)
    for index, part in enumerate(found[: last + 1]):
        template = part.template
        if template is None or template.constant:
            continue
        where = next(p for p in found[index:] if p.cache is not None)
        what = "in" if where is part else "before"
        place = where.node.key_span("cache")
        for name in sorted(template.names):
            few = _few(compiled, name)
            changes = "has a cache of its own for each value" if few else "changes with every call"
            yield RULE.at_place(
                name_place(part, template, name),
                f"`{name}` {changes}, {what} the block cached on line {place.line}",
                "move it behind the last breakpoint, into `user`",
                severity=Severity.WARNING if few else Severity.ERROR,
            )


def _few(compiled: CompiledTask, name: str) -> bool:
    """Whether calls may well share a value: it is not any text that a stranger sends."""
    task = compiled.task
    declared = properties(task.input).get(name)
    return name in task.trusted or (
        task.input is not None and not free_text(declared, task.input.source)
    )


RULE = Rule(
    name="cache-buster",
    severity=Severity.ERROR,
    summary="A template with inputs stands in or before a cached block.",
    avoid="user: [{text: \"{{ message | tag('message') }}\"}, {file: guide.md.j2, cache: 1h}]",
    prefer="user: [{file: guide.md.j2, cache: 1h}, {text: \"{{ message | tag('message') }}\"}]",
    why=(
        "A cache holds the prompt from its beginning up to the breakpoint, to the byte. One value "
        "that differs per call makes every call write the cache (at 1.25 or 2 times the price) "
        "and none read it. An input that is trusted or has a choice of values may be the same "
        "for many calls, as the name of a tenant is: then it is a warning. Images, documents and "
        "turns that an input gives may be cached on purpose: a conversation about one document "
        "reads them again."
    ),
    configure=(
        "Remove `cache` where the text has to change with every call; ignore the warning where "
        "many calls share a value within the life of the cache."
    ),
    check=check,
)
