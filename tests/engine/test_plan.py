"""Plans: what each tier would send and cost, where a run starts, what an attempt reserves."""

from __future__ import annotations

import json
import timeit
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.catalog import estimate_body, load_catalog
from router.catalog.pricing import cost, worst_case
from router.compiler.model import (
    AgreementSignal,
    Block,
    Confidence,
    EscalateRule,
    FieldSignal,
    RunBudget,
    StartRule,
    Tier,
    VerifierSignal,
)
from router.engine.plan import choose_start, make_plan, plan_as_dict, reachable, reservation
from router.engine.request import build_body, render_prompt
from router.errors import CatalogError, InputInvalid, UsageError
from router.types import Usage

CATALOG = load_catalog()
TODAY = date(2026, 11, 22)
LADDER = (
    Tier("haiku", "claude-haiku-5-5", 512, escalate=(EscalateRule("sonnet", below=0.8),)),
    Tier("sonnet", "claude-sonnet-5-5", 1024, escalate=(EscalateRule("opus", below=0.6),)),
    Tier("opus", "claude-opus-5-5", 2048),
)
FIELD = Confidence((FieldSignal(("confidence",)),))
OUTPUT = {"type": "object", "properties": {"confidence": {"type": "number"}}}


def plan(task, inputs=None, **settings):
    return make_plan(task, inputs or {"message": "hello"}, catalog=CATALOG, today=TODAY, **settings)


@pytest.fixture(scope="session")
def ladder(kit):
    return kit.task(tiers=LADDER, confidence=FIELD, output=OUTPUT)


# --- what is sent and what it costs ---------------------------------------------------------


def test_a_plan_shows_for_each_tier_the_very_body_that_a_run_would_send(ladder):
    made = plan(ladder)
    rendered = render_prompt(ladder, {"message": "hello"})
    for tier, planned in zip(LADDER, made.tiers, strict=True):
        model = CATALOG.get(tier.model)
        assert planned.request == build_body(ladder, tier, rendered, model=model)
        assert planned.prompt_tokens == estimate_body(planned.request, model).total
    assert [tier.starts_here for tier in made.tiers] == [True, False, False]
    assert made.start == "haiku"
    assert made.revision == "r1"
    assert plan(ladder, revision="set").revision == "set"


def test_cold_and_warm_are_the_catalogs_prices_of_writing_and_of_reading_the_prefix(kit):
    system = [kit.block("word " * 2000, cache="1h"), kit.block("more " * 1000, cache="5m")]
    task = kit.task(prompt=kit.prompt(system=system))
    (tier,) = plan(task).tiers
    hour, five = tier.breakpoints
    assert (hour.where, hour.ttl, hour.minimum, hour.cacheable) == ("system[0]", "1h", 512, True)
    model = CATALOG.get("claude-haiku-5-5")
    assert tier.cost_cold == worst_case(
        model,
        tier.prompt_tokens,
        512,
        at=TODAY,
        cache_1h=hour.prefix_tokens,
        cache_5m=five.prefix_tokens - hour.prefix_tokens,
    )
    usage = Usage(
        tier.prompt_tokens - five.prefix_tokens, 512, cache_read_tokens=five.prefix_tokens
    )
    assert tier.cost_warm == cost(model, usage, TODAY)
    assert tier.cost_warm < tier.cost_cold


def test_a_prefix_below_the_models_minimum_is_said_to_be_useless_and_is_not_counted_as_cached(kit):
    task = kit.task(prompt=kit.prompt(system=[kit.block("short", cache="5m")]))
    made = plan(task)
    (tier,) = made.tiers
    assert not tier.breakpoints[0].cacheable
    assert tier.cost_cold == tier.cost_warm
    assert any("system[0]" in note and "below the 512" in note for note in made.notes)


def test_a_run_costs_at_best_its_start_tier_warm_and_at_worst_every_tier_it_may_reach(ladder):
    made = plan(ladder)
    assert made.cost_best == made.tiers[0].cost_warm
    assert made.cost_worst == sum(tier.cost_cold for tier in made.tiers)
    upper = plan(ladder, start_tier="sonnet")
    assert upper.cost_best == upper.tiers[1].cost_warm
    assert upper.cost_worst == sum(tier.cost_cold for tier in upper.tiers[1:])


def test_agreement_multiplies_the_calls_of_tiers_whose_leaving_depends_on_it(kit):
    signal = Confidence((AgreementSignal(3, ("label",)),))
    task = kit.task(tiers=LADDER, confidence=signal, output=OUTPUT)
    made = plan(task)
    assert [tier.calls for tier in made.tiers] == [3, 3, 1]
    assert made.cost_best == 3 * made.tiers[0].cost_warm
    assert made.cost_worst == sum(tier.calls * tier.cost_cold for tier in made.tiers)


def checker(kit, **settings: Any):
    return kit.task(
        name="check",
        input={
            "type": "object",
            "required": ["answer"],
            "properties": {"answer": {"type": "string"}, "message": {"type": "string"}},
        },
        prompt=kit.prompt("{{ message }} {{ answer }}"),
        output=OUTPUT,
        **settings,
    )


def test_verifiers_are_paid_for_on_every_tier_that_asks_them_with_the_answer_counted_in(kit):
    task = kit.task(tiers=LADDER, confidence=Confidence((VerifierSignal("check"),)), output=OUTPUT)
    check = checker(kit)
    made = plan(task, tasks={"check": check})
    alone = make_plan(
        check, {"answer": "(the answer)", "message": "hello"}, catalog=CATALOG, today=TODAY
    ).tiers[0]
    haiku = CATALOG.get("claude-haiku-5-5")
    costs = [
        worst_case(haiku, alone.prompt_tokens + tier.max_tokens, 512, at=TODAY)
        for tier in LADDER[:2]
    ]
    assert made.cost_worst == sum(tier.cost_cold for tier in made.tiers) + sum(costs)
    assert made.cost_best > made.tiers[0].cost_warm


def test_a_verifier_that_is_missing_refuses_or_verifies_itself_leaves_a_note_and_no_crash(kit):
    task = kit.task(tiers=LADDER, confidence=Confidence((VerifierSignal("check"),)), output=OUTPUT)
    assert any("check: not known here" in note for note in plan(task).notes)
    strict = checker(kit)
    strict = replace(
        strict,
        input=kit.schema({"type": "object", "required": ["other"], "properties": {"other": {}}}),
    )
    assert any("cost left out" in note for note in plan(task, tasks={"check": strict}).notes)
    loop = checker(kit, tiers=LADDER, confidence=Confidence((VerifierSignal("check"),)))
    assert plan(task, tasks={"check": loop}).cost_worst > 0


def test_a_local_tier_costs_nothing_and_says_so(kit):
    local = Tier("own", "smollm2", 256, local=True)
    made = plan(kit.task(tiers=(local, *LADDER), output=OUTPUT))
    assert made.tiers[0].cost_cold == made.tiers[0].cost_warm == made.cost_best == 0
    assert any(note.startswith("own: local") for note in made.notes)
    assert any("takes no output schema" in note for note in made.notes)


def test_an_unknown_model_is_an_error_and_never_free(kit):
    with pytest.raises(CatalogError, match="claude-opus-9"):
        plan(kit.task(tiers=(Tier("t", "claude-opus-9", 100),)))


def test_speed_and_geography_are_priced(kit):
    tier = Tier("opus", "claude-opus-5-5", 1000)
    plain = plan(kit.task(tiers=(tier,)))
    dear = plan(kit.task(tiers=(replace(tier, speed="fast", geography="us"),)))
    assert dear.cost_worst == plain.cost_worst * Decimal("2.2")


def test_notes_tell_what_a_reader_would_otherwise_miss(kit):
    task = kit.task(
        output=kit.schema(OUTPUT, ("confidence: maximum",)),
        budget=RunBudget(usd=Decimal("0.05")),
        tiers=(Tier("haiku", "claude-haiku-5-5", 128_000),),
    )
    notes = plan(task, {"message": "x" * 2_300_000}).notes
    for words in ("2.5 characters", "confidence: maximum", "0.05 USD", "do not fit"):
        assert any(words in note for note in notes), words


def test_a_plan_is_pure_and_refuses_what_a_run_refuses(ladder):
    assert plan(ladder) == plan(ladder)
    with pytest.raises(InputInvalid):
        plan(ladder, {"message": 3})
    with pytest.raises(UsageError, match="haiku, sonnet, opus"):
        plan(ladder, start_tier="fable")


def test_a_plan_as_a_dict_is_json_with_exact_money(ladder):
    made = plan(ladder)
    value = json.loads(json.dumps(plan_as_dict(made)))
    assert Decimal(value["cost_worst"]) == made.cost_worst
    assert value["tiers"][0]["request"]["model"] == "claude-haiku-5-5"


# --- where a run starts, where it may go -----------------------------------------------------


def test_the_first_start_rule_that_holds_decides(kit):
    rules = (
        StartRule(kit.condition("message == 'vip'"), "opus", "money at risk"),
        StartRule(kit.condition("message|length > 2"), "sonnet"),
    )
    task = kit.task(tiers=LADDER, start=rules)
    assert choose_start(task, {"message": "vip"}) == ("opus", "money at risk")
    assert choose_start(task, {"message": "long"}) == ("sonnet", "when message|length > 2")
    assert choose_start(task, {"message": "x"}) == ("haiku", None)
    made = plan(task, {"message": "vip"})
    assert made.start == "opus"
    assert "starts on opus: money at risk" in made.notes


def test_reachable_tiers_follow_escalations_events_and_fallbacks(kit):
    jump = (
        Tier("a", "m", 1, escalate=(EscalateRule("c", below=0.5), EscalateRule(None, below=0.1))),
        Tier("b", "m", 1),
        Tier("c", "m", 1),
        Tier("d", "m", 1),
    )
    quiet = kit.task(tiers=jump, escalate_on=frozenset(), fallback=())
    assert reachable(quiet, "a") == ("a", "c")
    assert reachable(quiet, "b") == ("b",)
    assert reachable(replace(quiet, fallback=("d",)), "a") == ("a", "c", "d")
    assert reachable(kit.task(tiers=jump, fallback=()), "b") == ("b", "c", "d")
    assert reachable(kit.task(tiers=jump, escalate_on=frozenset()), "c") == ("c", "d")


# --- reservations ---------------------------------------------------------------------------


def reserved(task, inputs, tier=None) -> tuple[Decimal, dict[str, Any]]:
    tier = tier or task.tiers[0]
    model = CATALOG.get(tier.model)
    body = build_body(task, tier, render_prompt(task, inputs), model=model)
    return reservation(tier, model, body, TODAY), body


@given(st.text(min_size=1, max_size=300), st.sampled_from([None, "5m", "1h"]))
@settings(max_examples=100, deadline=None)
def test_a_reservation_covers_the_worst_that_its_body_can_cost(kit, message, cache):
    """Nothing can take more tokens than bytes; prose of ASCII letters takes fewer."""
    task = kit.task(
        input={"type": "object"},
        prompt=kit.prompt("{{ message }}.", system=[kit.block("1234567890" * 300, cache=cache)]),
    )
    amount, body = reserved(task, {"message": message})
    model = CATALOG.get("claude-haiku-5-5")
    text = body["messages"][0]["content"][0]["text"]
    letters = sum((c.isascii() and c.isalpha()) or c in " \n" for c in text)
    tokens = 3000 + len(text.encode()) - letters + letters // 3
    cached = {"cache_5m": 3000} if cache == "5m" else {"cache_1h": 3000} if cache == "1h" else {}
    assert amount >= worst_case(model, tokens, 512, at=TODAY, **cached)
    assert amount >= worst_case(model, estimate_body(body, model).total, 512, at=TODAY)


def test_a_reservation_is_the_same_for_a_body_that_was_copied(kit):
    task = kit.task(prompt=kit.prompt(system=[kit.block("word " * 500, cache="1h")]), output=OUTPUT)
    amount, body = reserved(task, {"message": "hello"})
    tier, model = task.tiers[0], CATALOG.get("claude-haiku-5-5")
    copied = reservation(tier, model, {**body, "stream": True}, TODAY)
    assert abs(copied - amount) < amount / 50


def test_a_reservation_never_exceeds_a_full_context_window(kit):
    document = Block("document", input="paper", title="Paper")
    task = kit.task(input={"type": "object"}, prompt=kit.prompt([document, "Sum up."]))
    amount, _ = reserved(task, {"paper": "9" * 5_000_000})
    assert amount == worst_case(CATALOG.get("claude-haiku-5-5"), 1_000_000, 512, at=TODAY)


def test_local_tiers_reserve_nothing_and_unknown_models_are_an_error(kit):
    task = kit.task()
    body = build_body(task, task.tiers[0], render_prompt(task, {"message": "x"}), model=None)
    assert reservation(Tier("own", "smollm2", 10, local=True), None, body, TODAY) == 0
    with pytest.raises(CatalogError, match="smollm2"):
        reservation(Tier("own", "smollm2", 10), None, body, TODAY)


def test_a_reservation_is_cheap(kit):
    """A generous ceiling of 40 µs: the target is 10."""
    task = kit.task(
        prompt=kit.prompt(system=[kit.block("word " * 5000, cache="1h")]), output=OUTPUT
    )
    _, body = reserved(task, {"message": "hello"})
    tier, model = task.tiers[0], CATALOG.get("claude-haiku-5-5")
    spent = min(timeit.repeat(lambda: reservation(tier, model, body, TODAY), number=200, repeat=5))
    assert spent / 200 < 40e-6
