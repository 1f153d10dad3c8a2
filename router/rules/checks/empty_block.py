"""empty-block: a part of the prompt without any text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from router.compiler.compilation import CompiledTask
from router.rules.base import Facts, Rule
from router.rules.prompts import Part, parts
from router.types import Finding, Severity

__all__ = ["RULE", "check"]

_COMMENTS = r"(?s)\{#.*?#\}"


def check(compiled: CompiledTask, facts: Facts) -> Iterator[Finding]:
    found = parts(compiled)
    empty = [part for part in found if _empty(part)]
    if not empty:
        return
    asked = [part for part in found if part.kind in ("user", "messages")]
    for part in empty:
        if all(other in empty for other in asked):
            if part.kind == "user":
                yield RULE.at(part.node, "nothing is left to ask the model", "say what it is to do")
        else:
            yield RULE.at(
                part.node,
                "this block has no text and is left out",
                "write it, or remove the block",
                severity=Severity.WARNING,
            )


def _empty(part: Part) -> bool:
    template = part.template
    if template is None or not template.constant or template.files:
        return False
    text = template.source
    return not (re.sub(_COMMENTS, "", text) if "{#" in text else text).strip()


RULE = Rule(
    name="empty-block",
    severity=Severity.ERROR,
    summary="A block of the prompt has no text; where there is no other, no run can be made.",
    avoid="user: '{# to be written #}'",
    prefer="user: 'Sort this message: {{ message | tag(\"message\") }}'",
    why=(
        "The API refuses blocks without text, so they are left out, and a breakpoint on one moves "
        "to the block before. Most often a file was emptied, or never filled. It is an error "
        "where nothing is left of the user's side of the prompt: then every run fails."
    ),
    configure="As a warning it can be suppressed: a block beside others may wait for its text.",
    check=check,
)
