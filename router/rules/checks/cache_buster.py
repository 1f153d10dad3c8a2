"""cache-buster: text that changes per call in what is to be cached."""

from __future__ import annotations

from collections.abc import Iterator

from router.compiler.compilation import CompiledTask
from router.rules.base import Facts, Rule
from router.rules.prompts import parts
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
            yield RULE.at_place(
                name_place(part, template, name),
                f"`{name}` changes with every call, {what} the block cached on line {place.line}",
                "move it behind the last breakpoint, into `user`",
            )


RULE = Rule(
    name="cache-buster",
    severity=Severity.ERROR,
    summary="A template with inputs stands in or before a cached block.",
    avoid='system: [{text: "Plan: {{ plan }}. …", cache: 1h}]',
    prefer='system: [{text: "…", cache: 1h}]\nuser: "Plan: {{ plan }} …"',
    why=(
        "A cache holds the prompt from its beginning up to the breakpoint, to the byte. One value "
        "that differs per call makes every call write the cache (at 1.25 or 2 times the price) "
        "and none read it. Images, documents and turns that an input gives may be cached on "
        "purpose: a conversation about one document reads them again."
    ),
    configure="Remove `cache` where the text has to change.",
    check=check,
)
