"""The catalog against what is installed: the pricing package and the SDK."""

from __future__ import annotations

import importlib.util
import json
from datetime import date, datetime
from pathlib import Path

import pytest

from router.catalog import describe, load_catalog, parse_catalog, rates

CATALOG = load_catalog()
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("catalog_tool", ROOT / "tools" / "catalog.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_LIMITED = "limited availability: genai-prices skips such rows"
_SONNET_4_5 = (
    "the 1M-token beta ended on 2026-04-30, such prompts fail since; genai-prices keeps it"
)
_TIER = (
    "input 3 / 6, output 15 / 22.5, cache_write_5m 3.75 / 7.5, cache_write_1h 6 / 12, "
    "cache_read 0.3 / 0.6"
)
KNOWN = {
    "claude-mythos-5-1: not in the pricing package": _LIMITED,
    "claude-mythos-5: not in the pricing package": _LIMITED,
    "claude-mythos-preview: not in the pricing package": _LIMITED,
    "claude-sonnet-5-5: 2026-09-28, 1 prompt tokens: cache_read 0.2 / 0.1": (
        "cache reads became cheaper on 2026-10-07; genai-prices has today's price for all days"
    ),
    f"claude-sonnet-4-5-20250929: 2026-04-30, 200001 prompt tokens: {_TIER}": _SONNET_4_5,
    f"claude-sonnet-4-5-20250929: 2026-11-28, 200001 prompt tokens: {_TIER}": _SONNET_4_5,
    "claude-sonnet-4-5-20250929: batch, 200001 prompt tokens: input 1.5 / 3, output 7.5 / 11.25, "
    "cache_write_5m 1.875 / 3.75, cache_write_1h 3 / 6, cache_read 0.15 / 0.3": _SONNET_4_5,
    "claude-opus-4-1-20250805: batch priced by the catalog only": (
        "the official price page lists it; genai-prices skips retired models' batch prices"
    ),
    "claude-2.1: priced by the pricing package only": "retired in 2025, no cache prices known",
    "claude-2.0: priced by the pricing package only": "retired in 2025, no cache prices known",
    "claude-v1: in the pricing package, not in the catalog": "retired in 2024 under other names",
}


def test_every_difference_from_the_pricing_package_is_known(tool):
    """A new difference is drift, a vanished one a stale reason: both fail."""
    found = tool.differences(CATALOG)
    assert len(found) == len(set(found))
    assert set(found) - KNOWN.keys() == set()
    assert KNOWN.keys() - set(found) == set()


def test_a_wrong_price_is_noticed(tool):
    """The comparison is not blind: one changed digit is one more difference."""
    text = tool.FILE.read_text(encoding="utf-8")
    raw = json.loads(text)
    entry = next(m for m in raw["models"] if m["id"] == "claude-haiku-5-5")
    entry["prices"][-1]["bands"][1]["cache_write_1h"] = "1.01"
    found = tool.differences(parse_catalog(json.dumps(raw).encode()))
    extra = set(found) - KNOWN.keys()
    assert extra == {
        "claude-haiku-5-5: 2026-10-07, 100001 prompt tokens: cache_write_1h 1.01 / 1",
        "claude-haiku-5-5: 2026-11-28, 100001 prompt tokens: cache_write_1h 1.01 / 1",
        "claude-haiku-5-5: batch, 100001 prompt tokens: cache_write_1h 0.505 / 0.5",
    }


def test_adding_prices_appends_a_dated_entry_and_keeps_the_old_one(tool):
    """A changed rate becomes a new entry from its day on; the days before keep their price."""
    raw = json.loads(tool.FILE.read_text(encoding="utf-8"))
    entry = next(m for m in raw["models"] if m["id"] == "claude-haiku-5-5")
    entry["prices"][-1]["bands"] = [{**entry["prices"][-1]["bands"][1], "input": "9"}]
    stale = parse_catalog(json.dumps(raw).encode())
    changed = tool.added_prices(stale, raw, date(2026, 12, 1))
    assert "claude-haiku-5-5" in changed
    fresh = parse_catalog(json.dumps(raw).encode()).models["claude-haiku-5-5"]
    truth = CATALOG.models["claude-haiku-5-5"]
    for size in (1, 100_000, 100_001):
        wanted = rates(truth, date(2026, 12, 1), size)
        assert rates(fresh, date(2026, 12, 1), size) == wanted
    assert str(rates(fresh, date(2026, 11, 30), 1).input) == "9"


def test_the_file_is_in_its_one_layout(tool):
    """Commands rewrite the file without noise in the diff."""
    text = tool.FILE.read_text(encoding="utf-8")
    assert tool.render(json.loads(text)) + "\n" == text


def test_every_model_id_of_the_sdk_is_known(tool):
    """Whatever the installed SDK names gets a verdict other than unknown."""
    names = tool.sdk_ids()
    assert len(names) > 20
    verdicts = {name: describe(CATALOG, name, CATALOG.as_of).kind for name in names}
    assert [name for name, kind in verdicts.items() if kind == "unknown"] == []


def test_retirement_days_agree_with_the_sdk(tool):
    """Days that the SDK gives are ours too, but for the one it states alone."""
    for name, text in tool.sdk_ids().items():
        if text is None:
            continue
        day = datetime.strptime(  # noqa: DTZ007 - a calendar day has no zone
            text.replace("st,", ",").replace("nd,", ",").replace("rd,", ",").replace("th,", ","),
            "%B %d, %Y",
        ).date()
        model = CATALOG.models[CATALOG.aliases.get(name, name)]
        ours = model.lifecycle.retired_at or model.lifecycle.retires_at
        if name == "claude-mythos-preview":  # the documentation calls its day "TBA" since June
            assert (ours, day) == (None, date(2026, 6, 30))
        else:
            assert ours == day, name


def test_the_catalog_day_is_not_older_than_its_sources():
    """No price begins and no model is released after the day the catalog speaks for."""
    for model in CATALOG.models.values():
        assert all(price.effective_from <= CATALOG.as_of for price in model.prices), model.id
        released = model.lifecycle.released
        assert released is None or released <= CATALOG.as_of
