"""ttl-order: what is kept for an hour comes before what is kept for five minutes."""

from __future__ import annotations

from collections.abc import Iterator

from router.compiler.compilation import CompiledTask
from router.policy.edits import fix, is_own, replace_scalar
from router.rules.base import Facts, Rule
from router.rules.prompts import parts
from router.types import Finding, Severity

__all__ = ["RULE", "check"]


def check(compiled: CompiledTask, facts: Facts) -> Iterator[Finding]:
    short = None
    for part in parts(compiled):
        if part.cache == "5m":
            short = short or part
        elif part.cache == "1h" and short is not None:
            place = short.node.key_span("cache")
            message = f"a breakpoint of 1h after one of 5m ({place})"
            help_line = "move this block forward, or give both the same time"
            written = part.node.get("cache")
            remedy = None
            if written is not None and is_own(written, compiled.node):
                remedy = fix("keep this one for 5m too", replace_scalar(written, "5m"), safe=False)
            yield RULE.at(part.node, message, help_line, key="cache", fix=remedy)
            return


RULE = Rule(
    name="ttl-order",
    severity=Severity.ERROR,
    summary="A 1h cache breakpoint stands after a 5m one.",
    avoid="system: [{text: examples, cache: 5m}, {text: taxonomy, cache: 1h}]",
    prefer="system: [{text: taxonomy, cache: 1h}, {text: examples, cache: 5m}]",
    why="The API refuses the request (400). The order is tools, system, messages.",
    mends="unsafe",
    check=check,
)
