"""The shipped facts: complete, consistent, sourced, and quick to load."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

import router.catalog
from router.catalog import describe, load_catalog, parse_catalog, platform_id
from router.errors import CatalogError

CATALOG = load_catalog()
FILE = Path(router.catalog.__file__).with_name("models.json")
RAW = json.loads(FILE.read_bytes())
MODELS = tuple(CATALOG.models.values())
CALLABLE = tuple(m for m in MODELS if m.lifecycle.status != "retired")
EFFORT = ("low", "medium", "high", "xhigh", "max")
TODAY = date(2026, 11, 22)


def test_the_catalog_is_read_once_and_named_by_its_bytes():
    """Two calls give one object; the digest is that of the shipped file."""
    assert load_catalog() is CATALOG
    assert hashlib.sha256(FILE.read_bytes()).hexdigest() == CATALOG.digest


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"null",
        b"{}",
        b'{"schema": 2}',
        b'{"schema": 1, "models": [{"id": "x"}]}',
        FILE.read_bytes().replace(b'"input": "8"', b'"input": "eight"', 1),
        FILE.read_bytes().replace(b'"as_of": "2026-11-28"', b'"as_of": "soon"'),
    ],
)
def test_a_broken_file_is_a_catalog_error(data):
    """Whatever is wrong with the data, the error is ours."""
    with pytest.raises(CatalogError):
        parse_catalog(data)


def test_every_group_names_sources_that_exist():
    """Each group of facts says where it is from, and every source is used and dated."""
    used: set[str] = set()

    for entry in RAW["models"]:
        groups = [entry["lifecycle"], *entry.get("prices", [])]
        groups += [entry[key] for key in ("limits", "capabilities", "platforms") if key in entry]
        for group in groups:
            assert group["source"], (entry["id"], group)
            used.update(group["source"])
    used.update(RAW["identity_source"])
    assert used <= CATALOG.sources.keys()
    for key, text in CATALOG.sources.items():
        assert "20" in key or "20" in text, f"{key} has no date"


def test_callable_models_have_limits_prices_and_known_platforms():
    """Nothing that can still be called lacks the facts a plan needs."""
    for model in CALLABLE:
        assert model.limits is not None, model.id
        assert model.prices, model.id
        assert model.limits.max_output <= model.limits.context_window
        assert set(model.platform_ids) <= {"bedrock", "google_cloud", "foundry"}
        if model.id != "claude-mythos-preview":
            assert model.capabilities is not None, model.id


def test_ids_and_aliases_do_not_clash():
    """A name means one thing; aliases point at models that exist."""
    assert not CATALOG.models.keys() & CATALOG.aliases.keys()
    assert set(CATALOG.aliases.values()) <= CATALOG.models.keys()
    assert sum(len(m.aliases) for m in MODELS) == len(CATALOG.aliases)


def test_lifecycle_dates_are_in_order():
    """Released, deprecated, retired: in this order, and as the status says."""
    for model in MODELS:
        life = model.lifecycle
        known = [d for d in (life.released, life.deprecated_at, life.retired_at) if d]
        assert known == sorted(known), model.id
        assert (life.status == "retired") == (life.retired_at is not None), model.id
        assert life.status != "active" or life.deprecated_at is None
        if life.retires_at:
            assert life.status == "deprecated"
            assert life.deprecated_at is None or life.retires_at > life.deprecated_at
        if life.replacement:
            assert life.replacement in CATALOG.models, model.id
            assert CATALOG.models[life.replacement].lifecycle.status == "active"
        if life.status != "active":
            assert life.replacement, model.id
        if life.released and model.prices:
            assert model.prices[0].effective_from == life.released, model.id


def test_prices_are_in_order_and_whole():
    """Dates rise, bands rise and end unbounded, every rate is positive, reads are cheapest."""
    for model in MODELS:
        days = [price.effective_from for price in model.prices]
        assert days == sorted(set(days)), model.id
        for price in model.prices:
            assert price.bands[-1][0] is None
            bounds = [up_to for up_to, _ in price.bands[:-1]]
            assert None not in bounds
            assert bounds == sorted(set(bounds))
            for _, band in price.bands:
                assert Decimal(0) < band.cache_read < band.input < band.cache_write_5m
                assert band.cache_write_5m < band.cache_write_1h
                assert band.input < band.output
            for (_, low), (_, high) in zip(price.bands, price.bands[1:], strict=False):
                assert low.input < high.input
                assert low.output < high.output
            assert price.fast_until is None or price.fast is not None


def test_capabilities_use_the_words_of_the_api():
    """Effort levels are in rising order, defaults are among the levels, thinking is known."""
    for model in MODELS:
        caps = model.capabilities
        if caps is None:
            continue
        assert tuple(level for level in EFFORT if level in caps.effort) == caps.effort
        assert (caps.effort_default is None) == (not caps.effort)
        assert caps.effort_default is None or caps.effort_default in caps.effort
        assert set(caps.thinking) <= {"adaptive", "enabled", "disabled", "between_tools"}
        assert caps.thinking_off_max_effort in (None, *caps.effort)
        if model.generation in ("5", "5.1", "5.2", "5.5", "4.8", "4.7"):
            assert caps.tokenizer == "new"
            assert not caps.prefill
        if caps.fast_beta:
            assert model.prices[-1].fast is not None


def test_pins_follow_the_generation():
    """Dateless ids are pins from 4.6 on; before, the dated id is, with its alias."""
    for model in CALLABLE:
        dated = model.generation == "4.5"
        assert (model.pin == "dated") == dated, model.id
        assert bool(model.aliases) == dated, model.id


# --- verdicts ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("claude-haiku-5-5", "ok"),
        ("claude-opus-5-5", "ok"),
        ("claude-haiku-4-5-20251001", "ok"),
        ("claude-haiku-4-5", "alias"),
        ("claude-sonnet-4-5", "alias"),
        ("claude-sonnet-4-5-20250929", "retiring"),
        ("claude-mythos-preview", "retiring"),
        ("claude-opus-4-1", "retired"),
        ("claude-opus-4-1-20250805", "retired"),
        ("claude-instant-1.2", "retired"),
        ("claude-sonnet-4-6-20261001", "unknown"),
        ("claude-opus-5-latest", "unknown"),
        ("gpt-5", "unknown"),
        ("", "unknown"),
    ],
)
def test_verdicts(name, kind):
    """Each kind of name gets its own verdict, and a sentence that names it."""
    verdict = describe(CATALOG, name, TODAY)
    assert verdict.kind == kind
    assert name in str(verdict)
    assert verdict.pinned == (kind in ("ok", "retiring"))


def test_a_retiring_model_says_when_and_what_instead():
    """Eight days before its end, then on the day itself it is gone."""
    verdict = describe(CATALOG, "claude-sonnet-4-5-20250929", TODAY)
    assert (verdict.retires, verdict.days_left) == (date(2026, 11, 30), 8)
    assert verdict.replacement == "claude-sonnet-5-5"
    alias = describe(CATALOG, "claude-sonnet-4-5", TODAY)
    assert (alias.model.id, alias.days_left) == ("claude-sonnet-4-5-20250929", 8)
    gone = describe(CATALOG, "claude-sonnet-4-5-20250929", date(2026, 11, 30))
    assert (gone.kind, gone.since) == ("retired", date(2026, 11, 30))
    assert str(gone).endswith("retired on 2026-11-30; use claude-sonnet-5-5")


def test_an_unannounced_end_is_not_a_countdown():
    """Deprecated without a day: retiring, but nothing is counted; 'not before' is no notice."""
    verdict = describe(CATALOG, "claude-mythos-preview", TODAY)
    assert (verdict.kind, verdict.retires, verdict.days_left) == ("retiring", None, None)
    assert describe(CATALOG, "claude-haiku-4-5-20251001", date(2027, 1, 1)).kind == "ok"


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("claude-sonnet-5.5", "claude-sonnet-5-5"),
        ("claude-hiaku-5-5", "claude-haiku-5-5"),
        ("Claude Opus 5.5", "claude-opus-5-5"),
        ("claude-opus-4-6-20260205", "claude-opus-4-6"),
        ("claude-opus-5-latest", "claude-opus-5"),
        ("claude-haiku-4.5", "claude-haiku-4-5-20251001"),
    ],
)
def test_unknown_names_get_a_suggestion(name, suggestion):
    """A slip of the pen is met with the name that was probably meant."""
    assert describe(CATALOG, name, TODAY).suggestions[0] == suggestion


def test_suggestions_are_pins_that_can_be_called():
    """Never an alias, never a retired model; and nothing for what resembles nothing."""
    for name in ("claude", "claude-opus", "claude-3-5-haiku", "claude-opus-4-1-2025", "c" * 10**6):
        for suggestion in describe(CATALOG, name, TODAY).suggestions:
            assert describe(CATALOG, suggestion, TODAY).pinned
    assert describe(CATALOG, "gpt-5", TODAY).suggestions == ()


def test_names_of_other_platforms_are_recognised():
    """A Bedrock or Google Cloud name is told as such, with the pin to write instead."""
    for model in CALLABLE:
        for platform, name in model.platform_ids.items():
            if name in CATALOG.models or name in CATALOG.aliases:
                continue
            for spelt in (name, f"us.{name}"):
                verdict = describe(CATALOG, spelt, TODAY)
                assert (verdict.kind, verdict.platform) == ("unknown", platform)
                assert verdict.suggestions == (model.id,)


# --- platforms ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "platform", "name"),
    [
        ("claude-haiku-5-5", "api", "claude-haiku-5-5"),
        ("claude-haiku-5-5", "aws", "claude-haiku-5-5"),
        ("claude-haiku-5-5", "bedrock", "anthropic.claude-haiku-5-5"),
        ("claude-opus-4-6", "bedrock", "anthropic.claude-opus-4-6-v1"),
        ("claude-haiku-4-5-20251001", "bedrock", "anthropic.claude-haiku-4-5-20251001-v1:0"),
        ("claude-haiku-4-5-20251001", "google_cloud", "claude-haiku-4-5@20251001"),
        ("claude-haiku-4-5-20251001", "foundry", "claude-haiku-4-5"),
        ("claude-mythos-5", "bedrock", None),
    ],
)
def test_platform_names(model, platform, name):
    """Each platform's own name; None where the model is not known to be offered."""
    assert platform_id(CATALOG.models[model], platform) == name


def test_bedrock_inference_profiles():
    """A profile goes before the name, and exists on Bedrock only."""
    model = CATALOG.models["claude-opus-5-5"]
    assert platform_id(model, "bedrock", profile="eu") == "eu.anthropic.claude-opus-5-5"
    assert platform_id(CATALOG.models["claude-mythos-5"], "bedrock", profile="eu") is None
    for platform, profile in (("api", "eu"), ("bedrock", "mars"), ("moon", None)):
        with pytest.raises(CatalogError):
            platform_id(model, platform, profile=profile)
