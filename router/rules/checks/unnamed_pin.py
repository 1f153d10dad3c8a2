"""unnamed-pin: a pin in a tier, beside a name for the same pin."""

from __future__ import annotations

from collections.abc import Iterator

from router.compiler.compilation import CompiledTask
from router.rules.base import Facts, Rule
from router.rules.ladder import tier_nodes
from router.types import Finding, Severity

__all__ = ["RULE", "check"]


def check(compiled: CompiledTask, facts: Facts) -> Iterator[Finding]:
    named = {pin.value: name for name, pin in facts.models.get(compiled.file, {}).items()}
    for tier, node in tier_nodes(compiled):
        written = node.get("model")
        name = named.get(tier.model)
        if written is None or name is None or written.value == name:
            continue
        if written.value == tier.model:
            message = f"`{tier.model}` is called `{name}` under `models`"
            yield RULE.at(written, message, f"`{name}`: an upgrade under `models` misses this tier")


RULE = Rule(
    name="unnamed-pin",
    severity=Severity.INFO,
    summary="A tier names a pinned id for which `models` has a name.",
    avoid="models: {opus: claude-opus-5-5}\ntiers: [{model: claude-opus-5-5, max_tokens: 4096}]",
    prefer="models: {opus: claude-opus-5-5}\ntiers: [{model: opus, max_tokens: 4096}]",
    why=(
        "Names under `models` make an upgrade one line. A tier that spells the id out stays "
        "behind, and the ladder mixes generations."
    ),
    configure="A tier takes its name from `model`: rules that name the tier change with it.",
    check=check,
)
