"""too-many-breakpoints: the API takes four."""

from __future__ import annotations

from collections.abc import Iterator

from router.compiler.compilation import CompiledTask
from router.rules.base import Facts, Rule
from router.rules.prompts import parts
from router.types import Finding, Severity

__all__ = ["RULE", "check"]

_MOST = 4


def check(compiled: CompiledTask, facts: Facts) -> Iterator[Finding]:
    cached = [part for part in parts(compiled) if part.cache is not None]
    if len(cached) > _MOST:
        message = f"{len(cached)} cache breakpoints; a request has at most {_MOST}"
        help_line = "a breakpoint caches all before it: keep those after what changes least often"
        yield RULE.at(cached[_MOST].node, message, help_line, key="cache")


RULE = Rule(
    name="too-many-breakpoints",
    severity=Severity.ERROR,
    summary="A prompt has more than four cache breakpoints, tools and turns included.",
    avoid="system: [{text: a, cache: 1h}, {text: b, cache: 1h}, …five of them]",
    prefer="system: [{text: a}, {text: b, cache: 1h}]",
    why=(
        "The API refuses the request (400). One breakpoint caches everything before it, so two or "
        "three are enough for most prompts."
    ),
    check=check,
)
