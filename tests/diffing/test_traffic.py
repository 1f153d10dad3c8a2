"""A month of recorded traffic, priced for both sides: what it is made of, to the last digit."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from router.catalog.pricing import cost
from router.diffing.changes import Traffic
from router.diffing.compare import report_of
from router.diffing.judging import Judged, judged
from router.diffing.relaying import Layout, relaid
from router.diffing.sides import Side
from router.diffing.traffic import Recorded
from router.ledger.reading import AttemptFacts
from router.policy.sources import MemorySources
from router.types import Usage

from .conftest import CATALOG, FILES, POLICY, TODAY

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC).timestamp()
DAY = 86_400.0
HAIKU = CATALOG.models["claude-haiku-5-5"]
OPUS = CATALOG.models["claude-opus-5-5"]


def attempt(run: int, tier: str = "haiku", number: int = 1, **more: Any) -> AttemptFacts:
    """One answered attempt of a run that began `run` hours ago."""
    facts: dict[str, Any] = {
        "run_id": f"run_{run:04}",
        "number": number,
        "task": "classify",
        "tier": tier,
        "model": {"haiku": "claude-haiku-5-5", "opus": "claude-opus-5-5"}[tier],
        "tags": "{}",
        "status": "answered",
        "cost": Decimal("0.01"),
        "input_tokens": 1000,
        "output_tokens": 100,
        "cache_write_5m_tokens": 0,
        "cache_write_1h_tokens": 0,
        "cache_read_tokens": 0,
        "thinking_tokens": 0,
        "usage_known": True,
        "run_started_at": NOW - run * 3600,
        "latency": 1.0,
        "stop_reason": "end_turn",
        "escalation": None,
        "role": "answer",
        "emulated": False,
        "confidence": 0.9,
    }
    return AttemptFacts(**(facts | more))


def month(new: str, rows: list[AttemptFacts], files: Mapping[str, str] | None = None) -> Traffic:
    """What is told of the month when the policy becomes `new`."""
    sides = (
        judged(Side(name, MemorySources(texts)), CATALOG, TODAY)
        for name, texts in (
            ("old", FILES),
            ("new", {**FILES, "classify.yaml": new, **(files or {})}),
        )
    )
    recorded = Recorded(lambda: rows, NOW - 30 * DAY, NOW)
    found = report_of(*sides, recorded)
    assert not found.broken, found.broken
    (task,) = (task for task in found.tasks if task.traffic is not None)
    assert task.traffic is not None
    return task.traffic


ROWS = [attempt(hour) for hour in range(10 * 24)]  # ten days, one run an hour
EACH = cost(HAIKU, Usage(1000, 100), TODAY)


def about(amount: Decimal) -> Any:
    return pytest.approx(float(amount), rel=0.01)


def test_what_changes_no_price_changes_no_month() -> None:
    """Both sides are the tokens of the rows at today's prices, brought to thirty days."""
    found = month(POLICY.replace("retries: 4", "retries: 5"), ROWS)
    assert found.before == found.after
    assert float(found.before) == about(EACH * 24 * 30)
    assert (found.runs, found.attempts, found.emulated) == (240, 240, 0)


def test_another_pin_is_priced_for_the_same_text() -> None:
    """With the tokens that the other model's tokenizer makes of it."""
    found = month(POLICY.replace("haiku: claude-haiku-5-5", "haiku: claude-sonnet-5-5"), ROWS)
    sonnet = CATALOG.models["claude-sonnet-5-5"]
    assert float(found.after) == about(cost(sonnet, Usage(1000, 100), TODAY) * 24 * 30)
    old = POLICY.replace("haiku: claude-haiku-5-5", "haiku: claude-haiku-4-5-20251001")
    old = old.replace("        effort: low\n", "")
    found = month(old, ROWS)
    fewer = Usage(round(1000 / 1.3), round(100 / 1.3))
    haiku_4_5 = CATALOG.models["claude-haiku-4-5-20251001"]
    # nothing is cached on a model whose smallest cacheable prefix is longer than this one
    assert float(found.after) == about(cost(haiku_4_5, fewer, TODAY) * 24 * 30)
    assert any("escalates as often" in one for one in found.assumptions)


def test_a_higher_threshold_sends_the_share_between_on() -> None:
    """At what runs that came to the next tier cost from there on."""
    rows = []
    for hour in range(240):
        unsure = hour % 4 == 0
        rows.append(attempt(hour, confidence=0.85 if unsure else 0.95))
        if hour == 8:
            rows.append(attempt(hour, "opus", 2, confidence=0.9))
    found = month(POLICY.replace("below: 0.82", "below: 0.9"), rows)
    visit = cost(OPUS, Usage(1000, 100), TODAY)
    assert found.escalations == pytest.approx(60 * 3, rel=0.01)
    assert float(found.after - found.before) == about(visit * 60 * 3)
    assert "haiku: 0 of 240 recorded confidences lie below 0.82, 60 below 0.9" in found.assumptions
    back = month(POLICY.replace("below: 0.82", "below: 0.5"), rows)
    assert back.escalations == 0


def test_rows_of_the_new_policy_are_not_moved_twice() -> None:
    """Who left for a threshold that OLD does not have is taken back on its side."""
    rows = []
    for hour in range(240):
        left = {"confidence": 0.85, "escalation": "confidence 0.85 below 0.9"}
        rows += [attempt(hour, **left), attempt(hour, "opus", 2)]
    found = month(POLICY.replace("below: 0.82", "below: 0.9"), rows)
    assert float(found.before) == about(EACH * 24 * 30)
    assert float(found.after) == about((EACH + cost(OPUS, Usage(1000, 100), TODAY)) * 24 * 30)
    assert found.escalations == pytest.approx(720, rel=0.01)


def test_who_left_for_another_reason_leaves_either_way() -> None:
    """A refusal or a condition does not ask for confidence."""
    rows = []
    for hour in range(240):
        left = {"confidence": 0.85, "escalation": "refusal: no"}
        rows += [attempt(hour, **left), attempt(hour, "opus", 2)]
    found = month(POLICY.replace("below: 0.82", "below: 0.9"), rows)
    assert found.before == found.after


def test_where_nobody_came_a_visit_counts_at_its_bound() -> None:
    """And it is said."""
    rows = [attempt(hour, confidence=0.85) for hour in range(240)]
    found = month(POLICY.replace("below: 0.82", "below: 0.9"), rows)
    assert found.after > found.before
    assert "opus: no run came there, so a visit counts at its bound" in found.assumptions


def test_a_prompt_that_grows_is_paid_for_where_it_is_read() -> None:
    """A longer cached block costs reads where the ledger shows reads."""
    rows = [
        attempt(hour, input_tokens=100, cache_read_tokens=2200, confidence=0.9)
        for hour in range(240)
    ]
    longer = {"prompts/taxonomy.md.j2": FILES["prompts/taxonomy.md.j2"] * 2}
    found = month(POLICY, rows, longer)
    words = FILES["prompts/taxonomy.md.j2"].strip()
    more = Usage(cache_read_tokens=round(len(words) / 2.5))
    assert float(found.after - found.before) == about(cost(HAIKU, more, TODAY) * 24 * 30)


def test_a_cache_that_begins_is_found_as_often_as_calls_come() -> None:
    """By the gaps between the recorded runs and the lifetime asked for."""
    plain = POLICY.replace(", cache: 1h}", "}")
    rows = [attempt(hour, input_tokens=2500) for hour in range(240)]

    def of(text: str) -> Judged:
        return judged(Side("side", MemorySources({**FILES, "classify.yaml": text})), CATALOG, TODAY)

    recorded = Recorded(lambda: rows, NOW - 30 * DAY, NOW)
    hourly = report_of(of(plain), of(POLICY), recorded).tasks[0].traffic
    short = POLICY.replace(", cache: 1h}", ", cache: 5m}")
    rarely = report_of(of(plain), of(short), recorded).tasks[0].traffic
    assert hourly is not None
    assert rarely is not None
    assert hourly.after < hourly.before
    assert rarely.after > rarely.before
    assert "haiku: 100% of calls find the new cache, by when they came" in hourly.assumptions
    assert "haiku: 0% of calls find the new cache, by when they came" in rarely.assumptions


def test_rows_that_say_nothing_of_either_side_count_as_charged() -> None:
    """Unknown usage, and tiers of an older policy."""
    rows = [*ROWS, attempt(5, number=2, usage_known=False), attempt(6, number=2, tier="opus")]
    rows.append(attempt(7, number=2)._replace(tier="gone"))
    found = month(POLICY.replace("retries: 4", "retries: 5"), sorted(rows))
    assert found.before == found.after
    assert any("unknown usage (1)" in one for one in found.assumptions)
    assert any("tiers that OLD lacks (1)" in one for one in found.assumptions)


def test_emulated_rows_are_counted_and_said() -> None:
    """Their tokens are not those of real answers."""
    rows = [row._replace(emulated=True) for row in ROWS]
    assert month(POLICY.replace("retries: 4", "retries: 5"), rows).emulated == 240


def test_a_removed_task_costs_nothing_any_more() -> None:
    """What its callers do instead is not known."""
    other = POLICY.replace("classify:", "other:").replace("below: 0.82", "below: 0.5")
    found = month(other, ROWS)
    assert found.after == 0
    assert found.before > 0


def test_relaying_keeps_the_prompt_and_moves_what_is_cached() -> None:
    """The sum of all kinds is the old prompt and what the constant part gained."""
    usage = Usage(300, 50, 0, 100, 1900)
    was, now = Layout(2000, 0, 2000), Layout(2600, 600, 2000)
    found = relaid(usage, was, now)
    assert found.prompt_tokens == usage.prompt_tokens + 600
    assert found.cache_read_tokens == round(2600 * 1900 / 2000)
    assert found.cache_write_5m_tokens + found.cache_write_1h_tokens == 2600 - 2470
    assert relaid(usage, was, was) == usage
    uncached = relaid(usage, was, Layout(2000, 0, 0))
    assert uncached == Usage(2300, 50)
