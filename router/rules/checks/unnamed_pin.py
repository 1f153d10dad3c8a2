"""unnamed-pin: a pin in a tier, beside a name for the same pin."""

from __future__ import annotations

from collections.abc import Iterator

from router.compiler.compilation import CompiledTask
from router.policy.edits import fix, is_own, replace_scalar
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
            help_line = f"`{name}`: an upgrade under `models` misses this tier"
            remedy = None
            if is_own(written, compiled.node):
                # A tier without a name of its own is called as its model is written.
                named_itself = node.get("name") is not None
                remedy = fix(f"write `{name}`", replace_scalar(written, name), safe=named_itself)
            yield RULE.at(written, message, help_line, fix=remedy)


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
    mends="either",
    check=check,
)
