"""Two models side by side: what changes for a request that moves from one to the other.

Figures only, no judgement: `router upgrade`, `router diff` and the rules say what follows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise

from router.catalog.models import Capabilities, Limits, Model, Rates
from router.catalog.pricing import price_on, rates
from router.catalog.tokens import token_factor
from router.errors import CatalogError

__all__ = ["Comparison", "Fact", "PriceChange", "compare"]


@dataclass(frozen=True, slots=True)
class PriceChange:
    """The rate of one kind of token, in USD per million of them."""

    kind: str  # "input", "output", "cache write 5m", "cache write 1h", "cache read"
    before: Decimal
    after: Decimal
    same_text: Decimal | None  # after/before for the same text, its tokens counted; None from 0


@dataclass(frozen=True, slots=True)
class Fact:
    """Something else that differs, both sides as they are printed."""

    name: str  # "tokenizer", "minimum cacheable prefix", "efforts", …
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs between two models on a day.

    Args:
        token_factor: tokens of the new model for each of the old one, for the same text; 1 where
            both have one tokenizer, None where a tokenizer is not known.
        prices: every kind of token, changed or not, in the band of the shortest prompts; empty
            where one of the two has no price.
        facts: what differs in limits and capabilities; what is not known of a model is left out.
    """

    old: Model
    new: Model
    token_factor: Decimal | None
    prices: tuple[PriceChange, ...]
    facts: tuple[Fact, ...]


def compare(old: Model, new: Model, today: date) -> Comparison:
    """Compares two models at the prices of a day (UTC)."""
    factor = token_factor(old, new)
    facts = [*_fact("dearer prompts", _steps(old, today), _steps(new, today))]
    if old.limits is not None and new.limits is not None:
        facts += _limits(old.limits, new.limits)
    if old.capabilities is not None and new.capabilities is not None:
        facts += _capabilities(old.capabilities, new.capabilities)
    return Comparison(old, new, factor, tuple(_prices(old, new, factor, today)), tuple(facts))


def _prices(old: Model, new: Model, factor: Decimal | None, today: date) -> Iterator[PriceChange]:
    try:
        before, after = rates(old, today), rates(new, today)
    except CatalogError:
        return
    for (kind, was), (_, now) in zip(_by_kind(before), _by_kind(after), strict=True):
        yield PriceChange(kind, was, now, now * (factor or 1) / was if was else None)


def _steps(model: Model, today: date) -> str:
    try:
        bands = price_on(model, today).bands
    except CatalogError:
        return "none"
    above = [
        f"over {up_to:,} tokens: input {band.input:f}, output {band.output:f} USD/M"
        for (up_to, _), (_, band) in pairwise(bands)
    ]
    return ", ".join(above) or "none"


def _by_kind(band: Rates) -> tuple[tuple[str, Decimal], ...]:
    return (
        ("input", band.input),
        ("output", band.output),
        ("cache write 5m", band.cache_write_5m),
        ("cache write 1h", band.cache_write_1h),
        ("cache read", band.cache_read),
    )


def _limits(old: Limits, new: Limits) -> Iterator[Fact]:
    yield from _fact("context window", _tokens(old.context_window), _tokens(new.context_window))
    yield from _fact("largest output", _tokens(old.max_output), _tokens(new.max_output))
    yield from _fact(
        "minimum cacheable prefix",
        _tokens(old.min_cacheable_tokens),
        _tokens(new.min_cacheable_tokens),
    )


def _capabilities(old: Capabilities, new: Capabilities) -> Iterator[Fact]:
    yield from _fact("tokenizer", old.tokenizer, new.tokenizer)
    yield from _fact("efforts", _names(old.effort), _names(new.effort))
    yield from _fact("default effort", old.effort_default or "none", new.effort_default or "none")
    yield from _fact("thinking", _names(old.thinking), _names(new.thinking))
    yield from _fact("thinking by default", old.thinking_default, new.thinking_default)
    yield from _fact(
        "thinking can be reduced up to effort",
        old.thinking_off_max_effort or "any",
        new.thinking_off_max_effort or "any",
    )
    yield from _fact(
        "structured output", _yes(old.structured_outputs), _yes(new.structured_outputs)
    )
    yield from _fact(
        "forced tool choice", _yes(old.forced_tool_choice), _yes(new.forced_tool_choice)
    )
    yield from _fact(
        "thoughts bound to the turns before them",
        _yes(old.thinking_bound_to_prefix),
        _yes(new.thinking_bound_to_prefix),
    )
    yield from _fact("refusals by classifier", _yes(old.safety_refusals), _yes(new.safety_refusals))


def _fact(name: str, before: str, after: str) -> Iterator[Fact]:
    if before != after:
        yield Fact(name, before, after)


def _tokens(count: int | None) -> str:
    return "not published" if count is None else f"{count:,}"


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(names) or "none"


def _yes(able: bool) -> str:
    return "yes" if able else "no"
