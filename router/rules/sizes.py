"""How long a task's prompt is: the part that never changes, and all of it at its longest.

Estimates, by the catalog's arithmetic. What a run reserves is bounded more sharply by the engine
once the inputs are there.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from itertools import accumulate
from typing import Any, NamedTuple

from router.catalog.models import Model
from router.catalog.pricing import worst_case
from router.catalog.tokens import BodyTokens, PrefixTokens, estimate_body, estimate_text
from router.compiler.compilation import CompiledTask
from router.compiler.model import AgreementSignal, Task, Tier, VerifierSignal
from router.compiler.templates import PlainTemplate
from router.errors import CatalogError, UsageError
from router.rules.base import Facts
from router.rules.ladder import heaviest_path
from router.rules.prompts import CheckedTemplate, Part, once, parts, template_of
from router.rules.schemas import max_chars, properties

__all__ = ["attempt_cost", "constant_prefixes", "path_cost"]

_MOST_CHARS = 4_000_000  # no context window holds more
_MOST_VERIFIERS = 3  # of verifiers of verifiers
_TAGS = re.compile(r"\{#.*?#\}|\{%.*?%\}", re.DOTALL)
_LOOP = re.compile(r"\{%-?\s*for\b")
_IMAGE = {"type": "image", "source": {"type": "url", "url": ""}}


class _Measured(NamedTuple):
    """A part of the prompt: characters of text, or a block that the catalog measures.

    A character beyond ASCII counts by its bytes, as the catalog counts it.
    """

    part: Part
    constant: bool
    chars: int = 0
    block: Any = None


def constant_prefixes(compiled: CompiledTask, model: Model) -> list[tuple[Part, int]]:
    """Breakpoints before anything that inputs decide, with the estimated tokens up to each."""
    found: list[tuple[Part, int]] = []
    for one, tokens in zip(_measured(compiled), _cumulative(compiled, model), strict=True):
        if not one.constant:
            break
        if one.part.cache is not None:
            found.append((one.part, tokens))
    return found


def attempt_cost(compiled: CompiledTask, facts: Facts, tier: Tier) -> Decimal | None:
    """What one attempt costs with inputs at their longest, in USD; None without a price.

    Inputs that nothing bounds, and documents, count nothing: the estimate is a floor there.
    """
    model = facts.model(tier)
    if model is None:
        return None
    return once(compiled, f"cost:{tier.name}", lambda: _attempt_cost(compiled, facts, tier, model))


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

    return heaviest_path(compiled, weight)


def _attempt_cost(compiled: CompiledTask, facts: Facts, tier: Tier, model: Model) -> Decimal | None:
    totals = _cumulative(compiled, model)
    prefixes = tuple(
        PrefixTokens("", one.part.cache, tokens)
        for one, tokens in zip(_measured(compiled), totals, strict=True)
        if one.part.cache is not None
    )
    schema = once(compiled, "format", lambda: _format(compiled.task))
    whole = (totals[-1] if totals else 0) + (estimate_text(schema, model) if schema else 0)
    tokens, limits = BodyTokens(whole, prefixes), model.limits
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


# --- tokens --------------------------------------------------------------------------------------


def _cumulative(compiled: CompiledTask, model: Model) -> list[int]:
    """Estimated tokens up to and with each part, on a model."""
    known = model.capabilities
    # Only what tools add differs between models with one tokenizer.
    apart = model.id if compiled.task.tools or known is None else known.tokenizer
    return once(compiled, f"tokens:{apart}", lambda: _count(compiled, model))


def _count(compiled: CompiledTask, model: Model) -> list[int]:
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
        and _LOOP.search(template.source) is None
    ):
        return _TAGS.sub("", template.source)  # making code of it would take a millisecond
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
