"""How long a task's prompt is: the part that never changes, and all of it at its longest.

Estimates, by the catalog's arithmetic. What a run reserves is bounded more sharply by the engine
once the inputs are there.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from router.catalog.pricing import worst_case
from router.catalog.tokens import estimate_body
from router.compiler.compilation import CompiledTask
from router.compiler.model import AgreementSignal, Task, Tier, VerifierSignal
from router.errors import CatalogError, UsageError
from router.rules.base import Facts
from router.rules.ladder import heaviest_path
from router.rules.prompts import CheckedTemplate, Part, parts, template_of
from router.rules.schemas import max_chars, properties

__all__ = ["attempt_cost", "constant_prefix", "path_cost", "prefix_tokens"]

_MOST_CHARS = 4_000_000  # no context window holds more
_MOST_VERIFIERS = 3  # of verifiers of verifiers
_IMAGE = {"type": "image", "source": {"type": "url", "url": ""}}


def constant_prefix(compiled: CompiledTask) -> tuple[dict[str, Any], tuple[Part, ...]]:
    """A body of what comes before the first thing that inputs decide, and its breakpoints."""
    body: dict[str, Any] = {"tools": [], "system": [], "messages": []}
    content: list[dict[str, Any]] = []
    found: list[Part] = []
    for part in parts(compiled):
        block = _constant_block(part)
        if block is None:
            break
        if part.cache is not None and part.kind != "tool":
            block = {**block, "cache_control": {"type": "ephemeral", "ttl": part.cache}}
        if part.cache is not None:
            found.append(part)
        target = {"tool": body["tools"], "system": body["system"]}.get(part.kind, content)
        target.append(block)
    body["messages"] = [{"role": "user", "content": content}]
    return body, tuple(found)


def prefix_tokens(body: Mapping[str, Any], facts: Facts, tier: Tier) -> list[int]:
    """Estimated tokens up to each breakpoint of a body, on the tier's model."""
    return [prefix.tokens for prefix in estimate_body(body, facts.model(tier)).prefixes]


def attempt_cost(compiled: CompiledTask, facts: Facts, tier: Tier) -> Decimal | None:
    """What one attempt costs with inputs at their longest, in USD; None without a price.

    Inputs that nothing bounds, and documents, count nothing: the estimate is a floor there.
    """
    model = facts.model(tier)
    if model is None:
        return None
    tokens = estimate_body(_longest_body(compiled), model)
    limits = model.limits
    minimum = (limits.min_cacheable_tokens or 0) if limits is not None else 0
    try:
        return worst_case(
            model,
            tokens.total if limits is None else min(tokens.total, limits.context_window),
            tier.max_tokens,
            at=facts.today,
            cache_5m=tokens.cached("5m", minimum),
            cache_1h=tokens.cached("1h", minimum),
            speed=tier.speed,
            geography=tier.geography,
        )
    except CatalogError:
        return None


def path_cost(
    compiled: CompiledTask, facts: Facts, depth: int = 0
) -> tuple[float, tuple[str, ...]]:
    """The dearest way up the ladder without retries, in USD: samples and verifiers included."""
    beside = _verifiers(compiled, facts, depth)

    def weight(tier: Tier) -> float:
        one = float(attempt_cost(compiled, facts, tier) or 0)
        if not _reads_confidence(compiled.task, tier):
            return one
        return one * _samples(compiled.task) + beside

    return heaviest_path(compiled.task, weight)


def _verifiers(compiled: CompiledTask, facts: Facts, depth: int) -> float:
    confidence, total = compiled.task.confidence, 0.0
    for signal in confidence.signals if confidence is not None else ():
        if isinstance(signal, VerifierSignal) and depth < _MOST_VERIFIERS:
            verifier = facts.tasks.get(signal.task)
            if verifier is not None:
                total += path_cost(verifier, facts, depth + 1)[0]
    return total


def _samples(task: Task) -> int:
    signals = task.confidence.signals if task.confidence is not None else ()
    return max((s.samples for s in signals if isinstance(s, AgreementSignal)), default=1)


def _reads_confidence(task: Task, tier: Tier) -> bool:
    return task.confidence is not None and any(
        rule.below is not None or (rule.when is not None and "confidence" in rule.when.names)
        for rule in tier.escalate
    )


# --- blocks --------------------------------------------------------------------------------------


def _constant_block(part: Part) -> dict[str, Any] | None:
    """The block as it is sent; None where inputs decide."""
    if part.kind == "tool":
        return dict(part.tool)
    block = part.block
    if block is None or block.input is not None:
        return None
    if block.static is not None:
        return {"type": block.kind, "source": block.static}
    template = template_of(block)
    if template is None or not template.constant:
        return None
    text = _rendered(template)
    if block.kind == "document":
        return {"type": "document", "source": {"type": "text", "data": text}}
    return {"type": "text", "text": text}


def _rendered(template: CheckedTemplate) -> str:
    try:
        return template.render({})
    except UsageError:  # the first run will say so; here only its length is asked for
        return template.source


def _longest_body(compiled: CompiledTask) -> dict[str, Any]:
    memo = compiled.task.memo
    body: dict[str, Any] | None = memo.get("rules:longest")
    if body is None:
        body = memo["rules:longest"] = _make_longest(compiled)
    return body


def _make_longest(compiled: CompiledTask) -> dict[str, Any]:
    task = compiled.task
    body: dict[str, Any] = {"tools": list(task.tools), "system": []}
    content: list[dict[str, Any]] = []
    for part in parts(compiled):
        if part.kind == "tool":
            continue
        block = _constant_block(part) or _longest_block(part, task)
        if part.cache is not None:
            block = {**block, "cache_control": {"type": "ephemeral", "ttl": part.cache}}
        (body["system"] if part.kind == "system" else content).append(block)
    body["messages"] = [{"role": "user", "content": content}]
    if task.tool_choice is not None:
        body["tool_choice"] = task.tool_choice
    if task.output is not None and task.output.wire is not None:
        body["output_config"] = {"format": {"type": "json_schema", "schema": task.output.wire}}
    return body


def _longest_block(part: Part, task: Task) -> dict[str, Any]:
    block = part.block
    if block is not None and block.kind == "image":
        return _IMAGE
    template = template_of(block) if block is not None else None
    if template is not None:
        size = sum(_longest_input(task, name) for name in template.names)
        return _text(template.source, size)
    turns = task.prompt.messages
    name = block.input if block is not None else turns.input if turns is not None else None
    return _text("", _longest_input(task, name) if name is not None else 0)


def _longest_input(task: Task, name: str) -> int:
    if task.input is None:
        return 0
    return max_chars(properties(task.input).get(name), task.input.source) or 0


def _text(text: str, more: int) -> dict[str, Any]:
    return {"type": "text", "text": text + "x" * min(more, _MOST_CHARS)}
