"""Two models side by side, and which comes after which: read off the catalog, nothing else."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from router.catalog import load_catalog
from router.catalog.compare import compare, token_factor
from router.catalog.models import Catalog
from router.catalog.successors import newer_models, successor

CATALOG = load_catalog()
DAY = date(2026, 11, 28)


def model(name: str):
    return CATALOG.models[name]


def test_a_cheaper_model_with_more_tokens_is_compared_for_the_same_text() -> None:
    """Haiku 4.5 to 5.5: a tenth of the price a token, 1.3 times the tokens."""
    found = compare(model("claude-haiku-4-5-20251001"), model("claude-haiku-5-5"), DAY)
    assert found.token_factor == Decimal("1.3")
    prices = {change.kind: change for change in found.prices}
    assert prices["input"].before == 1
    assert prices["input"].after == Decimal("0.10")
    assert prices["input"].same_text == Decimal("0.13")
    facts = {fact.name: (fact.before, fact.after) for fact in found.facts}
    assert facts["tokenizer"] == ("old", "new")
    above = "over 100,000 tokens: input 0.5, output 2.5 USD/M"
    assert facts["dearer prompts"] == ("none", above)
    assert facts["minimum cacheable prefix"] == ("4,096", "512")
    assert facts["thinking by default"] == ("off", "on")
    assert facts["efforts"][0] == "none"


def test_a_model_differs_from_itself_in_nothing() -> None:
    for one in CATALOG.models.values():
        found = compare(one, one, DAY)
        assert found.facts == ()
        assert all(change.before == change.after for change in found.prices)
        assert found.token_factor in (1, None)


def test_the_way_back_has_fewer_tokens() -> None:
    old, new = model("claude-sonnet-4-6"), model("claude-sonnet-5")
    assert token_factor(new, old) * token_factor(old, new) == pytest.approx(1)


def test_what_is_not_known_is_not_compared() -> None:
    """A long retired model has neither price nor limits: nothing is made up for it."""
    found = compare(model("claude-2.1"), model("claude-opus-5-5"), DAY)
    assert (found.token_factor, found.prices, found.facts) == (None, (), ())


def test_the_catalog_names_the_successor() -> None:
    assert successor(CATALOG, model("claude-sonnet-4-5-20250929"), DAY).id == "claude-sonnet-5-5"


def test_a_successor_that_has_gone_itself_leads_on() -> None:
    gone = model("claude-opus-4-8")._replace(
        lifecycle=model("claude-opus-4-8").lifecycle._replace(
            status="retired", replacement="claude-opus-5-5"
        ),
    )
    catalog = _with(gone)
    assert successor(catalog, catalog.models["claude-3-opus-20240229"], DAY).id == "claude-opus-5-5"


def test_without_a_named_successor_the_newest_of_the_family_is_taken() -> None:
    assert successor(CATALOG, model("claude-haiku-4-5-20251001"), DAY).id == "claude-haiku-5-5"
    assert successor(CATALOG, model("claude-haiku-5-5"), DAY) is None


def test_successors_that_name_each_other_come_to_an_end() -> None:
    one = _leaving("claude-opus-4-7", "claude-opus-4-6")
    other = _leaving("claude-opus-4-6", "claude-opus-4-7")
    catalog = _with(one, other)
    assert successor(catalog, one, DAY).id == "claude-opus-5-5"


def test_nobody_is_moved_to_a_model_that_not_everyone_may_call_or_that_is_not_out_yet() -> None:
    for one in CATALOG.models.values():
        for later in newer_models(CATALOG, one, date(2026, 9, 15)):
            assert later.lifecycle.released <= date(2026, 9, 15)
            assert one.access == "restricted" or later.access == "general"


def _leaving(name: str, replacement: str):
    lifecycle = model(name).lifecycle._replace(status="deprecated", replacement=replacement)
    return model(name)._replace(lifecycle=lifecycle)


def _with(*models) -> Catalog:
    return CATALOG._replace(models={**CATALOG.models, **{one.id: one for one in models}})
