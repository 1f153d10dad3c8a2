"""ceiling-over-model-max: more output than the model can give."""

from __future__ import annotations

from collections.abc import Iterator

from router.compiler.compilation import CompiledTask
from router.policy.edits import fix, is_own, replace_scalar
from router.rules.base import Facts, Rule
from router.rules.ladder import tier_nodes
from router.types import Finding, Severity

__all__ = ["RULE", "check"]


def check(compiled: CompiledTask, facts: Facts) -> Iterator[Finding]:
    for tier, node in tier_nodes(compiled):
        model = facts.model(tier)
        if model is None or model.limits is None:
            continue
        most = model.limits.max_output
        if tier.max_tokens > most:
            message = f"{tier.max_tokens:,} tokens; {model.id} gives at most {most:,}"
            place = node.get("max_tokens") or node
            remedy = None
            if is_own(place, compiled.node):
                remedy = fix(f"write `{most}`", replace_scalar(place, str(most)), safe=False)
            yield RULE.at(place, message, f"at most `{most}`", fix=remedy)


RULE = Rule(
    name="ceiling-over-model-max",
    severity=Severity.ERROR,
    summary="`max_tokens` is more than the model can give.",
    avoid="{model: claude-haiku-5-5, max_tokens: 200000}",
    prefer="{model: claude-haiku-5-5, max_tokens: 4096}",
    why="The API refuses the request (400) on every call, so the tier can never answer.",
    configure="The limit comes from the catalog (`router models`).",
    needs="catalog",
    mends="unsafe",
    check=check,
)
