"""What tokens cost: exact Decimal USD from usage and the catalog's dated prices.

Arithmetic never rounds and does not look at the thread's decimal context: a caller that lowers
its precision still gets the right bill.
"""

from __future__ import annotations

from datetime import date
from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow
from typing import TYPE_CHECKING

from router.catalog.models import Model, Price, Rates
from router.errors import CatalogError

if TYPE_CHECKING:  # lint asks for prices and has no usage
    from router.types import Usage

__all__ = ["cost", "price_on", "rates", "worst_case"]

# Token counts below 10^12, rates of at most 10 digits and three multipliers stay far below 60
# digits; should that ever fail, Inexact is raised rather than a rounded amount returned.
_EXACT = Context(prec=60, traps=[Inexact, InvalidOperation, DivisionByZero, Overflow])
_ZERO = Decimal(0)

# (prompt tokens up to, USD per token: input, output, write 5m, write 1h, read)
_Band = tuple[int | None, Decimal, Decimal, Decimal, Decimal, Decimal]
_Key = tuple[int, date, str | None, str | None, bool]

# Keyed by the model's identity, which is cheap; the entry holds the model, so that its address
# cannot be taken by another one. Whole-dict clearing bounds it: a service sees a few models a day.
_PREPARED: dict[_Key, tuple[Model, tuple[_Band, ...]]] = {}
_PREPARED_MAX = 1024


def price_on(model: Model, at: date) -> Price:
    """The price in force on a day (UTC).

    Raises:
        CatalogError: the model has no price, or none that early.
    """
    for price in reversed(model.prices):
        if price.effective_from <= at:
            return price
    if not model.prices:
        raise CatalogError(f"the catalog has no price for {model.id}")
    first = model.prices[0].effective_from
    raise CatalogError(f"the catalog has no price for {model.id} on {at}: the first is of {first}")


def rates(model: Model, at: date, prompt_tokens: int = 0) -> Rates:
    """List rates in USD per million tokens for a prompt of this size, without multipliers.

    Raises:
        CatalogError: no price on that day.
    """
    bands = price_on(model, at).bands
    for up_to, band in bands:
        if up_to is None or prompt_tokens <= up_to:
            return band
    raise CatalogError(f"{model.id} has no price for prompts of {prompt_tokens} tokens")


def cost(
    model: Model,
    usage: Usage,
    at: date,
    *,
    speed: str | None = None,
    geography: str | None = None,
    batch: bool = False,
) -> Decimal:
    """What a usage costs in USD on a day, exactly.

    The band is chosen by `usage.prompt_tokens` and holds for the whole request. Thinking tokens
    are a part of the output and not billed on top. `speed` and `geography` are what the API
    reports to have served: "standard" or "fast"; "us", "global" or None.

    Raises:
        CatalogError: no price for the model, the day, the speed, the geography or batches.
    """
    bands = _prepared(model, at, speed, geography, batch)
    input_, read = usage.input_tokens, usage.cache_read_tokens
    write_5m, write_1h = usage.cache_write_5m_tokens, usage.cache_write_1h_tokens
    band, upper = bands[0], bands[0][0]
    if upper is not None and input_ + write_5m + write_1h + read > upper:
        band = _band(model, bands, usage.prompt_tokens)
    return _sum(band, input_, usage.output_tokens, write_5m, write_1h, read)


def worst_case(
    model: Model,
    prompt_tokens: int,
    max_tokens: int,
    *,
    at: date,
    cache_5m: int = 0,
    cache_1h: int = 0,
    speed: str | None = None,
    geography: str | None = None,
    batch: bool = False,
) -> Decimal:
    """The most a request can cost in USD: caches cold, all of `max_tokens` spent.

    `prompt_tokens` is the whole prompt; of it `cache_5m` and `cache_1h` are to be cached and cost
    their write price, the rest costs the input price. A cached part said to be larger than the
    prompt counts in full. As good a bound as the estimate of the prompt is.

    Raises:
        CatalogError: as for `cost`.
    """
    cached = cache_5m + cache_1h
    prompt = max(prompt_tokens, cached)
    bands = _prepared(model, at, speed, geography, batch)
    band, upper = bands[0], bands[0][0]
    if upper is not None and prompt > upper:
        band = _band(model, bands, prompt)
    return _sum(band, prompt - cached, max_tokens, cache_5m, cache_1h, 0)


def _sum(band: _Band, input_: int, output: int, write_5m: int, write_1h: int, read: int) -> Decimal:
    # Absent kinds are skipped: it is faster, and keeps their decimals out of the sum's exponent.
    _, input_rate, output_rate, write_5m_rate, write_1h_rate, read_rate = band
    total = _ZERO
    if input_:
        total = _EXACT.fma(input_, input_rate, total)
    if output:
        total = _EXACT.fma(output, output_rate, total)
    if write_5m or write_1h or read:
        if write_5m:
            total = _EXACT.fma(write_5m, write_5m_rate, total)
        if write_1h:
            total = _EXACT.fma(write_1h, write_1h_rate, total)
        if read:
            total = _EXACT.fma(read, read_rate, total)
    return total


def _band(model: Model, bands: tuple[_Band, ...], prompt_tokens: int) -> _Band:
    for band in bands:
        if band[0] is None or prompt_tokens <= band[0]:
            return band
    raise CatalogError(f"{model.id} has no price for prompts of {prompt_tokens} tokens")


def _prepared(
    model: Model, at: date, speed: str | None, geography: str | None, batch: bool
) -> tuple[_Band, ...]:
    key = (id(model), at, speed, geography, batch)
    entry = _PREPARED.get(key)
    if entry is not None and entry[0] is model:
        return entry[1]
    price = price_on(model, at)
    factor = _factor(model, price, at, speed, geography, batch)
    bands = tuple(_per_token(up_to, band, factor) for up_to, band in price.bands)
    if len(_PREPARED) >= _PREPARED_MAX:
        _PREPARED.clear()
    _PREPARED[key] = (model, bands)
    return bands


def _per_token(up_to: int | None, band: Rates, factor: Decimal) -> _Band:
    def one(rate: Decimal) -> Decimal:
        return _EXACT.scaleb(_EXACT.multiply(rate, factor), -6).normalize(_EXACT)

    return (
        up_to,
        one(band.input),
        one(band.output),
        one(band.cache_write_5m),
        one(band.cache_write_1h),
        one(band.cache_read),
    )


def _factor(
    model: Model,
    price: Price,
    at: date,
    speed: str | None,
    geography: str | None,
    batch: bool,
) -> Decimal:
    """The product of all multipliers: they stack (pricing page of 2026-10-08)."""
    factor = Decimal(1)
    if speed == "fast":
        if price.fast is None or (price.fast_until is not None and at > price.fast_until):
            raise CatalogError(f"the catalog has no price for fast mode of {model.id} on {at}")
        factor = _EXACT.multiply(factor, price.fast)
    elif speed not in (None, "standard"):
        raise CatalogError(f"the catalog has no price for speed {speed!r}")
    if geography == "us":
        if price.geography_us is None:
            raise CatalogError(f"the catalog has no price for {model.id} in geography 'us'")
        factor = _EXACT.multiply(factor, price.geography_us)
    elif geography not in (None, "global", "not_available"):
        # "not_available" is what the API reports for models without inference_geo.
        raise CatalogError(f"the catalog has no price for geography {geography!r}")
    if batch:
        if price.batch is None:
            raise CatalogError(f"the catalog has no batch price for {model.id} on {at}")
        factor = _EXACT.multiply(factor, price.batch)
    return factor
