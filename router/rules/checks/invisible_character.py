"""invisible-character: text that a model reads and a reviewer cannot see."""

from __future__ import annotations

import re
from collections.abc import Iterator

from router.policy.edits import fix
from router.policy.nodes import SourceText
from router.rules.base import Rule
from router.types import Edit, Finding, Severity

__all__ = ["RULE", "check_text"]

# Zero-width space and its like, marks that turn the direction of text, and the tag characters
# that spell ASCII invisibly. Joiners (U+200C, U+200D) are a part of emoji and of many scripts.
_INVISIBLE = (  # compiled where it is needed, because every lint imports every rule
    "[\u200b\u2060-\u2064\ufeff\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]+"
)
_FLAG = "\U0001f3f4"  # the flags of England, Scotland and Wales are spelt with tag characters


def check_text(text: SourceText) -> Iterator[Finding]:
    if text.text.isascii():
        return
    for found in re.finditer(_INVISIBLE, text.text):
        start, end = found.span()
        if text.text[max(0, start - 1) : start] == _FLAG:
            continue
        codes = ", ".join(dict.fromkeys(f"U+{ord(character):04X}" for character in found[0][:4]))
        more = " and more" if end - start > 4 else ""
        span = text.offsets.span(text.file, start, end)
        yield RULE.at_place(
            (text, span),
            f"{end - start} invisible: {codes}{more}",
            "remove it; in YAML an escape in double quotes shows it",
            fix=fix("remove it", (Edit(span, ""),), safe=False),  # some scripts need it
        )


RULE = Rule(
    name="invisible-character",
    severity=Severity.WARNING,
    summary="A policy or template holds characters that nobody can see.",
    avoid="user: 'Sort this.'  # with forty tag characters behind the full stop",
    prefer="user: 'Sort this.'",
    why=(
        "Models read them. Tag characters can spell out whole instructions, and marks of "
        "direction show a line in another order than the one it has: a review passes what it "
        "has not seen. Often they came along from a web page."
    ),
    configure="Joiners and the flags that are spelt with tag characters are no findings.",
    mends="unsafe",
    check_text=check_text,
)
