"""A recorded attempt under another policy: its tokens as the other side would have sent them."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from router.catalog.models import Model
from router.catalog.pricing import cost
from router.catalog.tokens import token_factor
from router.compiler.compilation import CompiledTask
from router.compiler.model import Tier
from router.ledger.reading import AttemptFacts
from router.rules.base import Facts
from router.rules.sizes import constant_prefixes, part_sizes
from router.types import Usage

__all__ = ["Layout", "Sender", "layout", "relaid", "scaled", "usage_of"]


class Layout(NamedTuple):
    """Estimated tokens of a prompt that no input decides, and how many of them are cached."""

    constant: int
    cached_5m: int
    cached_1h: int

    @property
    def cached(self) -> int:
        return self.cached_5m + self.cached_1h


class Sender(NamedTuple):
    """One side's tier: who sends, and at what price. `model` is None for local tiers: no cost."""

    compiled: CompiledTask
    tier: Tier
    facts: Facts

    @property
    def model(self) -> Model | None:
        return self.facts.model(self.tier)

    def price(self, usage: Usage) -> Decimal:
        """What a usage costs here, in USD.

        Raises:
            CatalogError: there is no price.
        """
        model, tier = self.model, self.tier
        if model is None:
            return Decimal(0)
        return cost(model, usage, self.facts.today, speed=tier.speed, geography=tier.geography)


def layout(sender: Sender, counting: Model | None) -> Layout:
    """How the constant part of a prompt is cached, its tokens as another model counts them."""
    model = sender.model
    if model is None or counting is None:
        return Layout(0, 0, 0)
    least = (model.limits.min_cacheable_tokens or 0) if model.limits is not None else 0
    constant = sum(one.tokens for one in part_sizes(sender.compiled, counting) if one.constant)
    own = constant_prefixes(sender.compiled, model)
    counted = constant_prefixes(sender.compiled, counting)
    written, before = {"5m": 0, "1h": 0}, 0
    for (part, size, _), (_, tokens, _) in zip(own, counted, strict=True):
        if size >= least and part.cache is not None:
            written[part.cache] += tokens - before
            before = tokens
    return Layout(constant, written["5m"], written["1h"])


def usage_of(row: AttemptFacts) -> Usage:
    """The usage of a recorded attempt."""
    return Usage(
        row.input_tokens,
        row.output_tokens,
        row.cache_write_5m_tokens,
        row.cache_write_1h_tokens,
        row.cache_read_tokens,
        row.thinking_tokens,
    )


def scaled(usage: Usage, old: Model | None, new: Model | None) -> Usage:
    """The tokens that the same texts have on another model."""
    factor = token_factor(old, new) if old is not None and new is not None else None
    if factor is None or factor == 1:
        return usage
    counts = (
        usage.input_tokens,
        usage.output_tokens,
        usage.cache_write_5m_tokens,
        usage.cache_write_1h_tokens,
        usage.cache_read_tokens,
        usage.thinking_tokens,
    )
    return Usage(*(round(count * factor) for count in counts))


def relaid(usage: Usage, was: Layout, now: Layout, *, hit: bool | None = None) -> Usage:
    """The same call with another constant part, cached in another way.

    Args:
        hit: where nothing was cached before, whether the call would have found the cache;
            else the call reads and writes in the shares in which it did.
    """
    if was == now:
        return usage
    prompt = max(0, usage.prompt_tokens + now.constant - was.constant)
    held = usage.prompt_tokens - usage.input_tokens
    if was.cached and held:
        cached = max(0, held + now.cached - was.cached)
        share = usage.cache_read_tokens / held
    else:
        cached = 0 if was.cached or hit is None else now.cached
        share = 1.0 if hit else 0.0
    cached = min(cached, prompt)
    read = round(cached * share)
    written = cached - read
    long = round(written * now.cached_1h / now.cached) if now.cached else 0
    return Usage(
        input_tokens=prompt - cached,
        output_tokens=usage.output_tokens,
        cache_write_5m_tokens=written - long,
        cache_write_1h_tokens=long,
        cache_read_tokens=read,
        thinking_tokens=usage.thinking_tokens,
    )
