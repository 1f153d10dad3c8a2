"""Costs: exact, equal to the pricing package, and never zero by accident."""

from __future__ import annotations

import decimal
from datetime import UTC, date, datetime
from decimal import Decimal

import genai_prices
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from router.catalog import cost, load_catalog, rates, worst_case
from router.catalog.pricing import price_on
from router.errors import CatalogError
from router.types import Usage

CATALOG = load_catalog()
PRICED = tuple(m for m in CATALOG.models.values() if m.prices)
DAY = date(2026, 11, 22)
HAIKU = CATALOG.models["claude-haiku-5-5"]
OPUS = CATALOG.models["claude-opus-5-5"]

tokens = st.one_of(st.integers(0, 300), st.integers(0, 250_000), st.just(100_000))
usages = st.builds(Usage, tokens, tokens, tokens, tokens, tokens)
nonzero = usages.filter(lambda u: u.prompt_tokens or u.output_tokens)

# Where the two sources differ by knowledge, not by mistake: see test_drift.KNOWN.
_NOT_IN_PACKAGE = {"claude-mythos-5", "claude-mythos-5-1", "claude-mythos-preview"}
SHARED = tuple(m for m in PRICED if m.id not in _NOT_IN_PACKAGE)


def by_package(model, usage, day, context=None):
    """The pricing package's total for the same usage; its input counts cached tokens too."""
    theirs = genai_prices.Usage(
        input_tokens=usage.prompt_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=usage.cache_read_tokens,
        cache_write_tokens=usage.cache_write_5m_tokens + usage.cache_write_1h_tokens,
        cache_write_5m_tokens=usage.cache_write_5m_tokens,
        cache_write_1h_tokens=usage.cache_write_1h_tokens,
    )
    return genai_prices.calc_price(
        theirs,
        model.id,
        provider_id="anthropic",
        genai_request_timestamp=datetime(day.year, day.month, day.day, 12, tzinfo=UTC),
        price_context=context,
    ).total_price


def comparable(model, usage, day):
    band_kept = model.id == "claude-sonnet-4-5-20250929" and day >= date(2026, 4, 30)
    return not (band_kept and usage.prompt_tokens > 200_000)


@settings(max_examples=150, deadline=None)
@given(model=st.sampled_from(SHARED), usage=usages)
@example(model=HAIKU, usage=Usage(1_000, 500, 50_000, 40_000, 9_000))
@example(model=HAIKU, usage=Usage(1_001, 500, 50_000, 40_000, 9_000))
def test_cost_equals_the_pricing_package(model, usage):
    """Mixed reads, both writes and both bands: the same to the last digit, on today's prices."""
    if comparable(model, usage, DAY):
        assert cost(model, usage, DAY) == by_package(model, usage, DAY)


@settings(max_examples=100, deadline=None)
@given(
    model=st.sampled_from(
        [m for m in SHARED if m.prices[-1].batch and m.lifecycle.status != "retired"]
    ),
    usage=usages,
)
def test_batch_cost_equals_the_pricing_package(model, usage):
    """The batch multiplier covers every kind of token."""
    if comparable(model, usage, DAY):
        theirs = by_package(model, usage, DAY, {"processing": "batch"})
        assert cost(model, usage, DAY, batch=True) == theirs


@settings(max_examples=60, deadline=None)
@given(model=st.sampled_from([m for m in SHARED if m.prices[-1].fast]), usage=usages)
def test_fast_cost_equals_the_pricing_package(model, usage):
    """So does the fast multiplier."""
    theirs = by_package(model, usage, DAY, {"speed": "fast"})
    assert cost(model, usage, DAY, speed="fast") == theirs


@settings(max_examples=60, deadline=None)
@given(
    model=st.sampled_from([m for m in SHARED if len(m.prices) > 1 and m.id != "claude-sonnet-5-5"]),
    usage=usages,
    day=st.dates(date(2026, 2, 17), date(2026, 4, 29)),
)
def test_past_costs_equal_the_pricing_package(model, usage, day):
    """The long-prompt band that ended on 2026-03-13 is still billed for days before."""
    assert cost(model, usage, day) == by_package(model, usage, day)


@settings(max_examples=60, deadline=None)
@given(model=st.sampled_from([m for m in PRICED if m.prices[-1].geography_us]), usage=usages)
def test_geography_adds_a_tenth_and_stacks(model, usage):
    """US-only inference costs 1.1 times, on top of every other multiplier."""
    assert cost(model, usage, DAY, geography="us") == cost(model, usage, DAY) * Decimal("1.1")
    for plain in (None, "global", "not_available"):
        assert cost(model, usage, DAY, geography=plain) == cost(model, usage, DAY)
    if model.prices[-1].batch:
        both = cost(model, usage, DAY, geography="us", batch=True)
        assert both == cost(model, usage, DAY) * Decimal("0.55")


def test_a_worked_example():
    """Sonnet 5.5: 1,000 input, 2,000 5m, 3,000 1h, 40,000 read, 500 output, by hand."""
    usage = Usage(1_000, 500, 2_000, 3_000, 40_000, thinking_tokens=450)
    wanted = Decimal("0.002") + Decimal("0.005") + Decimal("0.005") + Decimal("0.012")
    model = CATALOG.models["claude-sonnet-5-5"]
    assert cost(model, usage, DAY) == wanted + Decimal("0.004")
    assert cost(model, usage, date(2026, 10, 6)) == wanted + Decimal("0.008")


def test_one_token_over_the_band_reprices_the_whole_request():
    """Haiku 5.5 at 100,000 and at 100,001 prompt tokens, reads and writes counted."""
    at_bound = Usage(10_000, 1_000, 30_000, 0, 60_000)
    over = Usage(10_001, 1_000, 30_000, 0, 60_000)
    assert cost(HAIKU, at_bound, DAY) == Decimal("0.00585")
    assert cost(HAIKU, over, DAY) == Decimal("0.0292505")


@settings(max_examples=80, deadline=None)
@given(model=st.sampled_from(PRICED), usage=nonzero)
def test_non_zero_usage_is_never_free(model, usage):
    """One token of anything has a price."""
    assert cost(model, usage, model.prices[0].effective_from) > 0


@settings(max_examples=80, deadline=None)
@given(model=st.sampled_from(PRICED), one=usages, other=usages)
def test_cost_is_additive_within_a_band_and_monotone(model, one, other):
    """Two usages cost their sum where one band holds all three; more tokens never cost less."""
    both = one + other
    parts = cost(model, one, DAY), cost(model, other, DAY)
    whole = cost(model, both, DAY)
    bands = {id(rates(model, DAY, u.prompt_tokens)) for u in (one, other, both)}
    if len(bands) == 1:
        assert whole == sum(parts)
    assert whole >= max(parts)


@settings(max_examples=100, deadline=None)
@given(
    model=st.sampled_from(PRICED),
    usage=usages,
    slack=st.integers(0, 1000),
    us=st.booleans(),
)
def test_worst_case_bounds_every_outcome(model, usage, slack, us):
    """However the cached parts turn out, hit or miss, the bill stays below the bound."""
    geography = "us" if us and price_on(model, DAY).geography_us else None
    bound = worst_case(
        model,
        usage.prompt_tokens,
        usage.output_tokens + slack,
        at=DAY,
        cache_5m=usage.cache_write_5m_tokens,
        cache_1h=usage.cache_write_1h_tokens,
        geography=geography,
    )
    cold = Usage(
        usage.input_tokens + usage.cache_read_tokens,
        usage.output_tokens,
        usage.cache_write_5m_tokens,
        usage.cache_write_1h_tokens,
    )
    warm = Usage(
        usage.input_tokens, usage.output_tokens, 0, 0, usage.prompt_tokens - usage.input_tokens
    )
    for outcome in (usage, cold, warm):
        assert cost(model, outcome, DAY, geography=geography) <= bound
    if slack == 0:
        assert bound == cost(model, cold, DAY, geography=geography)


def test_a_cached_part_larger_than_the_prompt_counts_in_full():
    """Estimates may disagree: the bound takes the larger."""
    bound = worst_case(OPUS, 100, 10, at=DAY, cache_1h=5_000)
    assert bound == cost(OPUS, Usage(0, 10, 0, 5_000), DAY)


def test_the_threads_decimal_context_does_not_touch_a_bill():
    """Six digits of precision elsewhere in the program round nothing here."""
    usage = Usage(1_234_567, 765_432, 1_111_111, 2_222_222, 3_333_333)
    wanted = cost(OPUS, usage, DAY)
    with decimal.localcontext() as context:
        context.prec = 6
        context.traps[decimal.Inexact] = True
        fresh = load_catalog.__wrapped__().models["claude-opus-5-5"]
        assert cost(fresh, usage, DAY) == wanted
        assert cost(OPUS, usage, DAY) == wanted
    assert wanted == Decimal(
        1_234_567 * 4_000
        + 765_432 * 20_000
        + 1_111_111 * 5_000
        + 2_222_222 * 8_000
        + 3_333_333 * 200
    ) / Decimal(10**9)


def test_no_usage_costs_nothing_and_says_so_plainly():
    """Zero is written 0, not 0E-7."""
    assert str(cost(OPUS, Usage(), DAY)) == "0"


@pytest.mark.parametrize(
    ("model", "day", "options"),
    [
        ("claude-2.1", DAY, {}),  # no price at all
        ("claude-sonnet-5-5", date(2026, 9, 27), {}),  # before its first day
        ("claude-sonnet-5-5", DAY, {"speed": "fast"}),  # has no fast mode
        ("claude-opus-4-8", date(2026, 12, 1), {"speed": "fast"}),  # fast mode is gone
        ("claude-haiku-4-5-20251001", DAY, {"geography": "us"}),  # refused before 4.6
        ("claude-opus-5-5", DAY, {"geography": "mars"}),
        ("claude-opus-5-5", DAY, {"speed": "ludicrous"}),
        ("claude-opus-4-20250514", DAY, {"batch": True}),  # no batch price known
    ],
)
def test_what_has_no_price_is_an_error_never_zero(model, day, options):
    """For costs, for bounds, and for empty usages too."""
    subject = CATALOG.models[model]
    with pytest.raises(CatalogError):
        cost(subject, Usage(), day, **options)
    with pytest.raises(CatalogError):
        worst_case(subject, 10, 10, at=day, **options)


def test_fast_mode_is_priced_to_its_last_day():
    """Opus 4.8 has fast mode up to and including 2026-11-30."""
    model = CATALOG.models["claude-opus-4-8"]
    usage = Usage(1_000_000, 0)
    assert cost(model, usage, date(2026, 11, 30), speed="fast") == 10
    assert cost(model, usage, date(2026, 11, 30), speed="standard") == 5
