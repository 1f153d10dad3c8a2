"""literal-placeholder: `{name}` in a prompt, which the model is shown as it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from router.compiler.compilation import CompiledTask
from router.rules.base import Facts, Rule
from router.rules.prompts import parts, template_of
from router.rules.schemas import properties
from router.rules.text_places import text_place
from router.types import Finding, Severity

__all__ = ["RULE", "check"]

_NAME = r"\{\s*(\w+)\s*\}(?!\})"


def check(compiled: CompiledTask, facts: Facts) -> Iterator[Finding]:
    inputs = properties(compiled.task.input)
    for part in parts(compiled) if inputs else ():
        template = template_of(part.block) if part.block is not None else None
        for start, end, name in _placeholders(template.source, inputs) if template else ():
            if template is not None:
                yield RULE.at_place(
                    text_place(part, template, start, end - start),
                    f"the model is shown `{template.source[start:end]}` as it stands",
                    f"`{{{{ {name} }}}}` puts the input in its place",
                )


def _placeholders(text: str, inputs: Mapping[str, Any]) -> Iterator[tuple[int, int, str]]:
    """Single braces around the name of an input. Braces are looked for first: they are few."""
    at = text.find("{")
    while at >= 0:
        if text.startswith(("{{", "{%", "{#"), at):
            at += 2
        else:
            found = re.compile(_NAME).match(text, at)
            if found is not None and found[1] in inputs:
                yield at - (text[at - 1 : at] == "$"), found.end(), found[1]
            at += 1
        at = text.find("{", at)


RULE = Rule(
    name="literal-placeholder",
    severity=Severity.WARNING,
    summary="A template has the name of an input in single braces.",
    avoid="user: 'Plan: {plan}'",
    prefer="user: 'Plan: {{ plan }}'",
    why=(
        "Templates are Jinja: `{plan}` and `${plan}` are text. The model is asked about a word in "
        "braces and answers something all the same, so nobody notices but in the answers' quality."
    ),
    configure="Where the braces are meant, as in an example of code, use another name in them.",
    check=check,
)
