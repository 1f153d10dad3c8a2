"""cache-below-minimum: a breakpoint that caches nothing, in silence."""

from __future__ import annotations

from collections.abc import Iterator

from router.compiler.compilation import CompiledTask
from router.policy.edits import delete_entry, fix, is_own
from router.rules.base import Facts, Rule
from router.rules.prompts import Part, parts
from router.rules.sizes import constant_prefixes
from router.types import Finding, Severity

__all__ = ["RULE", "check"]


def check(compiled: CompiledTask, facts: Facts) -> Iterator[Finding]:
    if not any(part.cache is not None for part in parts(compiled)):
        return
    short: dict[int, tuple[Part, int, bool, dict[str, str]]] = {}
    for tier in compiled.task.tiers:
        model = facts.model(tier)
        minimum = model.limits.min_cacheable_tokens if model and model.limits else None
        if model is None or minimum is None:
            continue
        prefixes = constant_prefixes(compiled, model, facts.counted)
        for index, (part, tokens, exact) in enumerate(prefixes):
            if tokens < minimum:
                _, most, all_exact, lacking = short.setdefault(index, (part, tokens, exact, {}))
                lacking[model.id] = f"{model.id} caches from {minimum:,} on"
                short[index] = part, max(most, tokens), all_exact and exact, lacking
    for part, tokens, exact, lacking in short.values():
        size = f"{tokens:,}" if exact else f"about {tokens:,}"
        message = f"{size} tokens up to here; {', '.join(lacking.values())}"
        help_line = "move the breakpoint behind more constant text, or remove it"
        remedy = None
        if is_own(part.node, compiled.node):
            # The count is an estimate: the breakpoint may do its work after all.
            remedy = fix("remove the breakpoint", delete_entry(part.node, "cache"), safe=False)
        yield RULE.at(part.node, message, help_line, key="cache", fix=remedy)


RULE = Rule(
    name="cache-below-minimum",
    severity=Severity.WARNING,
    summary="The prompt up to a breakpoint is too short for the cache of a tier's model.",
    avoid="system: [{text: You sort mail., cache: 1h}]",
    prefer="system: [{file: role.md.j2}, {file: long-taxonomy.md.j2, cache: 1h}]",
    why=(
        "Below its minimum a model caches nothing and says nothing: every call pays the full "
        "price. Minimums differ per model (512 to 4,096 tokens), so a prefix may be cached on one "
        "tier and not on the next. Tokens are estimated offline, and rather too many than too few."
    ),
    configure="`router plan TASK` shows the estimate of each breakpoint and the model's minimum.",
    needs="estimates",
    mends="unsafe",
    check=check,
)
