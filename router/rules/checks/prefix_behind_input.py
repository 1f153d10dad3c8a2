"""prefix-behind-input: constant text that cannot be cached, because an input stands before it."""

from __future__ import annotations

from collections.abc import Iterator

from router.compiler.compilation import CompiledTask
from router.rules.base import Facts, Rule
from router.rules.sizes import part_sizes
from router.types import Finding, Severity

__all__ = ["RULE", "check"]


def check(compiled: CompiledTask, facts: Facts) -> Iterator[Finding]:
    model = facts.model(compiled.task.tiers[0])
    minimum = model.limits.min_cacheable_tokens if model and model.limits else None
    if model is None or minimum is None:
        return
    before = ""
    for size in part_sizes(compiled, model):
        if not size.constant:
            before = before or f"a block with inputs ({size.part.node.span})"
        elif before and size.tokens >= minimum:
            message = f"about {size.tokens:,} constant tokens behind {before} are never cached"
            yield RULE.at(size.part.node, message, "put it first, and `cache` it")


RULE = Rule(
    name="prefix-behind-input",
    severity=Severity.INFO,
    summary="A long constant block stands behind a block with inputs.",
    avoid='system: [{text: "Plan: {{ plan }}"}, {file: guide.md.j2}]',
    prefer='system: [{file: guide.md.j2, cache: 5m}, {text: "Plan: {{ plan }}"}]',
    why=(
        "A cache holds the prompt from its beginning. One short line that changes per call keeps "
        "all that follows out of it: every call pays for the whole guide. Tokens are estimated "
        "offline, on the model of the first tier."
    ),
    configure="Where the order matters more than the price, leave it.",
    needs="estimates",
    check=check,
)
