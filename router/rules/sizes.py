"""How long a task's prompt is: the part that never changes, and all of it at its longest.

Estimates, by the catalog's arithmetic; what is constant at the head of the prompt is exact where
the API has been asked (`router.rules.counts`). What a run reserves is bounded more sharply by the
engine once the inputs are there.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

from router.catalog.models import Model
from router.catalog.pricing import cost, worst_case
from router.catalog.tokens import BodyTokens, PrefixTokens, estimate_body, estimate_text
from router.compiler.compilation import CompiledTask
from router.compiler.model import Task, Tier
from router.compiler.templates import PlainTemplate
from router.errors import CatalogError, UsageError
from router.rules.base import Facts
from router.rules.counts import NOTHING_COUNTED, Counted, counted_prefixes
from router.rules.ladder import heaviest_path
from router.rules.prompts import CheckedTemplate, Part, once, parts, template_of
from router.rules.schemas import max_chars, properties
from router.rules.signals import verifiers

__all__ = [
    *("CallCost", "PartSize", "Prefix", "attempt_cost", "call_cost", "constant_prefixes"),
    *("least_cost", "longest_prompt", "part_sizes", "path_cost", "schema_tokens", "unmeasured"),
]

_ZERO = Decimal(0)
_MOST_CHARS = 4_000_000  # no context window holds more
_TAGS = r"(?s:\{#.*?#\}|\{%.*?%\})"
_LOOP = r"\{%-?\s*for\b"
_IMAGE = {"type": "image", "source": {"type": "url", "url": ""}}


class _Measured(NamedTuple):
    """A part of the prompt: characters of text, or a block that the catalog measures.

    A character beyond ASCII counts by its bytes, as the catalog counts it.
    """

    part: Part
    constant: bool
    chars: int = 0
    block: Any = None


class PartSize(NamedTuple):
    """A part of the prompt and its estimated tokens, with inputs at their longest."""

    part: Part
    constant: bool  # no input decides it
    tokens: int


class Prefix(NamedTuple):
    """A breakpoint before anything that inputs decide, and the tokens up to it."""

    part: Part
    tokens: int
    counted: bool  # by the API; else estimated


class _Sent(NamedTuple):
    """Tokens of the longest prompt: all, those a warm cache has, and those a cold one is given."""

    prompt: int
    read: int
    cached_5m: int
    cached_1h: int


class CallCost(NamedTuple):
    """What one call costs with inputs at their longest and all of `max_tokens` spent, in USD."""

    prompt_tokens: int
    cold: Decimal  # cacheable prefixes are written
    warm: Decimal  # they are read


def part_sizes(
    compiled: CompiledTask, model: Model | None, counted: Counted = NOTHING_COUNTED
) -> tuple[PartSize, ...]:
    """Every part of the prompt in order; without a model, as the new tokenizer counts."""
    totals = _cumulative(compiled, model, counted)
    return tuple(
        PartSize(one.part, one.constant, tokens - before)
        for one, (before, tokens) in zip(_measured(compiled), pairwise([0, *totals]), strict=True)
    )


def schema_tokens(compiled: CompiledTask, model: Model | None) -> int:
    """What the output schema takes beside the prompt; it is in no cached prefix."""
    schema = once(compiled, "format", lambda: _format(compiled.task))
    return estimate_text(schema, model) if schema else 0


def unmeasured(compiled: CompiledTask) -> tuple[str, ...]:
    """Inputs that count nothing because nothing bounds them: costs are floors there."""
    task = compiled.task
    images = {b.input for b in (*task.prompt.system, *task.prompt.user) if b.kind == "image"}
    schema = task.input.source if task.input is not None else {}
    return tuple(
        name
        for name, child in properties(task.input).items()
        if name not in images and max_chars(child, schema) is None
    )


def longest_prompt(compiled: CompiledTask, model: Model, counted: Counted = NOTHING_COUNTED) -> int:
    """Tokens of the whole prompt with inputs at their longest, the schema included."""
    totals = _cumulative(compiled, model, counted)
    return (totals[-1] if totals else 0) + schema_tokens(compiled, model)


def constant_prefixes(
    compiled: CompiledTask, model: Model, counted: Counted = NOTHING_COUNTED
) -> list[Prefix]:
    """Breakpoints before anything that inputs decide, with the tokens up to each."""
    exact = counted_prefixes(compiled, model, counted)
    found: list[Prefix] = []
    totals = _cumulative(compiled, model, counted)
    for index, (one, tokens) in enumerate(zip(_measured(compiled), totals, strict=True)):
        if not one.constant:
            break
        if one.part.cache is not None:
            found.append(Prefix(one.part, tokens, index in exact))
    return found


def attempt_cost(compiled: CompiledTask, facts: Facts, tier: Tier) -> Decimal | None:
    """The most that one call costs, caches cold, in USD; None without a price."""
    model = facts.model(tier)
    if model is None:
        return None
    return once(compiled, f"cold:{tier.name}", lambda: _cold(compiled, facts, tier, model))


def call_cost(compiled: CompiledTask, facts: Facts, tier: Tier) -> CallCost | None:
    """What one call costs with inputs at their longest; None without a price.

    Inputs that nothing bounds, and documents, count nothing: the estimate is a floor there.
    """
    model, cold = facts.model(tier), attempt_cost(compiled, facts, tier)
    if model is None or cold is None:
        return None
    from router.types import Usage  # for handbook and diff: lint asks for what is cold only

    sent = _sent(compiled, facts, model)
    usage = Usage(sent.prompt - sent.read, tier.max_tokens, cache_read_tokens=sent.read)
    warm = cost(model, usage, facts.today, speed=tier.speed, geography=tier.geography)
    return CallCost(sent.prompt, cold, warm)


def path_cost(
    compiled: CompiledTask, facts: Facts, depth: int = 0
) -> tuple[Decimal, tuple[str, ...]]:
    """The dearest way up the ladder without retries, in USD: samples and verifiers included."""
    checkers = verifiers(compiled, facts, depth)
    beside = sum((path_cost(one, facts, depth + 1)[0] for one in checkers), _ZERO)

    def weight(tier: Tier) -> Decimal:
        total = (attempt_cost(compiled, facts, tier) or _ZERO) * compiled.task.calls(tier)
        return total + beside if compiled.task.reads_confidence(tier) else total

    return heaviest_path(compiled, weight)


def least_cost(compiled: CompiledTask, facts: Facts, depth: int = 0) -> Decimal:
    """What a run costs whose first tier answers at once with caches warm, in USD."""
    first = compiled.task.tiers[0]
    one = call_cost(compiled, facts, first)
    total = one.warm * compiled.task.calls(first) if one is not None else _ZERO
    if compiled.task.reads_confidence(first):
        for verifier in verifiers(compiled, facts, depth):
            total += least_cost(verifier, facts, depth + 1)
    return total


def _cold(compiled: CompiledTask, facts: Facts, tier: Tier, model: Model) -> Decimal | None:
    sent = _sent(compiled, facts, model)
    try:
        return worst_case(
            model,
            sent.prompt,
            tier.max_tokens,
            at=facts.today,
            cache_5m=sent.cached_5m,
            cache_1h=sent.cached_1h,
            speed=tier.speed,
            geography=tier.geography,
        )
    except CatalogError:
        return None


def _sent(compiled: CompiledTask, facts: Facts, model: Model) -> _Sent:
    """The longest prompt as it is billed; it differs by what the model caches and holds."""
    return once(compiled, f"sent:{model.id}", lambda: _bill(compiled, facts, model))


def _bill(compiled: CompiledTask, facts: Facts, model: Model) -> _Sent:
    totals = _cumulative(compiled, model, facts.counted)
    prefixes = tuple(
        PrefixTokens("", one.part.cache, tokens)
        for one, tokens in zip(_measured(compiled), totals, strict=True)
        if one.part.cache is not None
    )
    tokens = BodyTokens(longest_prompt(compiled, model, facts.counted), prefixes)
    limits = model.limits
    minimum = (limits.min_cacheable_tokens or 0) if limits is not None else 0
    prompt = tokens.total if limits is None else min(tokens.total, limits.context_window)
    read = max((p.tokens for p in prefixes if minimum <= p.tokens <= prompt), default=0)
    return _Sent(prompt, read, tokens.cached("5m", minimum), tokens.cached("1h", minimum))


# --- tokens --------------------------------------------------------------------------------------


def _cumulative(
    compiled: CompiledTask, model: Model | None, counted: Counted = NOTHING_COUNTED
) -> list[int]:
    """Tokens up to and with each part, on a model: estimated, but for what is counted."""
    exact = counted_prefixes(compiled, model, counted) if model is not None else {}
    estimates = _estimated(compiled, model)
    if not exact:
        return estimates
    totals: list[int] = []
    offset = 0  # what the estimates are off by up to here
    for index, estimate in enumerate(estimates):
        if index in exact:
            offset = exact[index] - estimate
        totals.append(max(estimate + offset, totals[-1] if totals else 0))
    return totals


def _estimated(compiled: CompiledTask, model: Model | None) -> list[int]:
    known = model.capabilities if model is not None else None
    # Only what tools add differs between models with one tokenizer.
    apart: str = known.tokenizer if known is not None else "new"
    if compiled.task.tools and model is not None:
        apart = model.id
    return once(compiled, f"tokens:{apart}", lambda: _count(compiled, model))


def _count(compiled: CompiledTask, model: Model | None) -> list[int]:
    tools = compiled.task.tools
    first = True
    tokens: list[int] = []
    for one in _measured(compiled):
        if one.part.kind == "tool":
            body: dict[str, Any] = {"tools": [one.part.tool]}
            size = estimate_body(body, model).total
            # what the API says about tools counts once
            extra = 0 if first or len(tools) == 1 else estimate_body({"tools": [{}]}, model).total
            tokens.append(size - extra)
            first = False
        elif one.block is not None:
            content = {"messages": [{"role": "user", "content": [one.block]}]}
            tokens.append(estimate_body(content, model).total)
        else:
            tokens.append(estimate_text("x" * one.chars, model))
    return list(accumulate(tokens))


def _format(task: Task) -> str:
    """The schema as it is written: what is sent is no longer."""
    if task.output is None:
        return ""
    return json.dumps(task.output.source, separators=(",", ":"), default=str)


# --- parts ---------------------------------------------------------------------------------------


def _measured(compiled: CompiledTask) -> tuple[_Measured, ...]:
    task = compiled.task
    return once(compiled, "sizes", lambda: tuple(_measure(part, task) for part in parts(compiled)))


def _measure(part: Part, task: Task) -> _Measured:
    block = part.block
    if part.kind == "tool":
        return _Measured(part, constant=True)
    if block is None:  # the turns of a conversation
        turns = task.prompt.messages
        return _Measured(part, False, _longest(task, turns.input) if turns is not None else 0)
    if block.static is not None:
        return _Measured(part, True, block={"type": block.kind, "source": block.static})
    if block.input is not None:
        image = block.kind == "image"
        chars = 0 if image else _longest(task, block.input)
        return _Measured(part, False, chars, _IMAGE if image else None)
    template = template_of(block)
    if template is None:
        return _Measured(part, constant=True)
    if template.constant:
        return _Measured(part, True, _chars(_rendered(template)))
    longest = sum(_longest(task, name) for name in template.names)
    return _Measured(part, False, min(_chars(template.source) + longest, _MOST_CHARS))


def _rendered(template: CheckedTemplate) -> str:
    if (
        not isinstance(template, PlainTemplate)
        and not template.files
        and re.search(_LOOP, template.source) is None
    ):
        return re.sub(_TAGS, "", template.source)  # making code of it would take a millisecond
    try:
        return template.render({})
    except UsageError:  # the first run will say so; here only its length is asked for
        return template.source


def _chars(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def _longest(task: Task, name: str) -> int:
    if task.input is None:
        return 0
    size = max_chars(properties(task.input).get(name), task.input.source) or 0
    return min(size, _MOST_CHARS)
