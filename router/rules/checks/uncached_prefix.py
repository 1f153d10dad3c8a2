"""uncached-prefix: constant text that every call pays for in full, though it could be cached."""

from __future__ import annotations

from collections.abc import Iterator

from router.compiler.compilation import CompiledTask
from router.rules.base import Facts, Rule
from router.rules.prompts import Part
from router.rules.sizes import PartSize, part_sizes
from router.types import Finding, Severity

__all__ = ["RULE", "check"]


def check(compiled: CompiledTask, facts: Facts) -> Iterator[Finding]:
    model = facts.model(compiled.task.tiers[0])
    minimum = model.limits.min_cacheable_tokens if model and model.limits else None
    if model is None or minimum is None:
        return
    sizes = part_sizes(compiled, model, facts.counted)
    behind, last = _behind(sizes)
    if last is not None and behind >= minimum:
        message = (
            f"about {behind:,} constant tokens up to here are in no cache; {model.id} caches from "
            f"{minimum:,} on"
        )
        where = (
            "move the breakpoint here" if any(s.part.cache for s in sizes) else "add `cache: 5m`"
        )
        yield RULE.at(last.node, message, f"{where}: a read costs a tenth of the price or less")


def _behind(sizes: tuple[PartSize, ...]) -> tuple[int, Part | None]:
    """Constant tokens between the last breakpoint and the first input, and the last such part."""
    behind, last = 0, None
    for size in sizes:
        if not size.constant:
            break
        behind, last = behind + size.tokens, size.part
        if size.part.cache is not None:
            behind, last = 0, None
    return behind, last


RULE = Rule(
    name="uncached-prefix",
    severity=Severity.INFO,
    summary="The prompt begins with constant text that is long enough to be cached, and is not.",
    avoid="system: [{file: guide.md.j2}]  # 6,000 tokens\nuser: …",
    prefer="system: [{file: guide.md.j2, cache: 5m}]\nuser: …",
    why=(
        "Reading a cache costs a tenth of the input price or less, writing one a quarter more "
        "(5m): from the second call within five minutes on it is cheaper. Tokens are estimated "
        "offline, on the model of the first tier."
    ),
    configure="Leave it where calls are minutes apart: each would write and none read.",
    needs="estimates",
    check=check,
)
