"""conflict-marker: a merge that nobody has finished, in a prompt."""

from __future__ import annotations

import re
from collections.abc import Iterator

from router.policy.nodes import SourceText
from router.policy.offsets import Offsets
from router.rules.base import Rule
from router.types import Finding, Severity

__all__ = ["RULE", "check_text"]

_MARK = re.compile(r"^([<>|]{7})(?= \S)", re.MULTILINE)
# Nothing but the name of a branch, or a commit with its subject: no sentence begins like that.
_ALONE = re.compile(r"^([<>|]{7})(?= (?:\S+|[0-9a-f]{7,40} \(.*\))\r?$)", re.MULTILINE)


def check_text(text: SourceText) -> Iterator[Finding]:
    whole = text.text
    begun, ended = "<<<<<<<" in whole, ">>>>>>>" in whole
    if not (begun or ended):
        return
    for found in (_MARK if begun and ended else _ALONE).finditer(whole):
        yield RULE.at_place(
            (text, Offsets(whole).span(text.file, *found.span())),
            "this looks like what a merge leaves behind",
            "choose one of the two sides, and remove the marks",
        )


RULE = Rule(
    name="conflict-marker",
    severity=Severity.WARNING,
    summary="A template or policy has the marks of an unfinished merge.",
    avoid="user: |\n  <<<<<<< HEAD\n  Sort this.\n  =======\n  Sort that.\n  >>>>>>> main",
    prefer="user: |\n  Sort this.",
    why=(
        "YAML would not be read any more, but a template file is: the model gets both versions "
        "of the prompt, and the marks."
    ),
    configure="A prompt that shows such marks on purpose can indent them.",
    check_text=check_text,
)
