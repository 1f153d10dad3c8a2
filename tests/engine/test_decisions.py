"""The ladder tells what it decides; what there is to decide follows from the task."""

from __future__ import annotations

from router.compiler.model import EscalateRule, Event, StartRule, Tier
from router.engine.decisions import Decision, decisions_of


def test_the_decisions_of_a_task_are_its_rules_both_ways_its_tiers_and_its_ends(kit):
    rule = EscalateRule("opus", below=0.8)
    task = kit.task(
        tiers=(Tier("haiku", "claude-haiku-5-5", 9, (rule,)), Tier("opus", "claude-opus-5-5", 9)),
        start=(StartRule(kit.condition("vip"), "opus"),),
        escalate_on=frozenset({Event.REFUSAL}),
    )
    assert [one.of(task) for one in decisions_of(task)] == [
        "`start: vip` is true",
        "`start: vip` is false",
        "haiku answers",
        "`below: 0.8` of haiku is true",
        "`below: 0.8` of haiku is false",
        "haiku cannot answer and another tier is asked",
        "opus answers",
        "refusal escalates",
        "no tier is good enough (`exhausted`)",
    ]


def test_a_ladder_of_one_tier_has_nowhere_to_go(kit):
    assert list(decisions_of(kit.task())) == [
        Decision("classify", "answered", "haiku"),
        Decision("classify", "exhausted"),
    ]


def test_a_fallback_that_names_only_the_tier_itself_is_none(kit):
    tiers = (Tier("haiku", "claude-haiku-5-5", 9), Tier("opus", "claude-opus-5-5", 9))
    task = kit.task(tiers=tiers, fallback=("opus",), escalate_on=frozenset())
    kinds = [(one.kind, one.tier) for one in decisions_of(task)]
    assert ("fallback", "haiku") in kinds
    assert ("fallback", "opus") not in kinds
