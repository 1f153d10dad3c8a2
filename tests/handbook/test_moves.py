"""The ways of a ladder in words are the ways that a run takes."""

from __future__ import annotations

import pytest

from router.compiler.model import Task
from router.handbook.moves import Move, fallbacks, moves_from, starts

POLICY = """\
version: 1
models: {{haiku: claude-haiku-5-5, sonnet: claude-sonnet-5-5, opus: claude-opus-5-5}}
tasks:
  sort:
    input: {{type: object, properties: {{plan: {{enum: [free, team], default: free}}}}}}
    output: {{type: object, properties: {{label: {{enum: [a, b]}}, sure: {{type: number}}}}}}
    prompt: {{user: "{{{{ plan }}}}"}}
    tiers:
      - model: haiku
        max_tokens: 3000
        escalate: [{{below: 0.8}}, {{when: output.label == "b", to: opus, reason: dear}}]
      - {{model: sonnet, max_tokens: 5000, escalate: [{{below: 0.5}}]}}
      - {{model: opus, max_tokens: 5000, escalate: [{{below: 0.3}}]}}
    confidence: {{field: output.sure}}
    {more}
"""


@pytest.fixture
def task(edition_of):
    def run(more: str = "") -> Task:
        edition = edition_of({"policy.yaml": POLICY.format(more=more)})
        return edition.facts.tasks["sort"].task

    return run


def test_rules_come_in_their_order_then_events(task) -> None:
    sort = task()
    assert moves_from(sort, sort.tiers[0]) == (
        Move("sonnet", "below", "0.8"),
        Move("opus", "when", 'output.label == "b"', "dear"),
        Move("sonnet", "events", "invalid output, refusal, truncated"),
        Move(None, "events", "unknown stop"),
    )


def test_from_the_last_tier_every_way_leads_to_the_end(task) -> None:
    sort = task()
    assert moves_from(sort, sort.tiers[2]) == (
        Move(None, "below", "0.3"),
        Move(None, "events", "invalid output, refusal, truncated, unknown stop"),
    )


def test_events_that_do_not_escalate_end_the_run(task) -> None:
    sort = task("escalate_on: [refusal]")
    assert moves_from(sort, sort.tiers[1])[1:] == (
        Move("opus", "events", "refusal"),
        Move(None, "events", "invalid output, truncated, unknown stop"),
    )


def test_a_run_starts_by_the_first_rule_that_holds(task) -> None:
    assert starts(task()) == (Move("haiku", "otherwise"),)
    ruled = task('start: [{when: plan == "team", tier: sonnet, reason: contract}]')
    assert starts(ruled) == (
        Move("sonnet", "when", 'plan == "team"', "contract"),
        Move("haiku", "otherwise"),
    )


def test_fallback_goes_up_unless_the_policy_names_tiers(task) -> None:
    sort = task()
    assert [fallbacks(sort, tier) for tier in sort.tiers] == [
        ("sonnet", "opus"),
        ("opus",),
        (),
    ]
    named = task("fallback: [opus, haiku]")
    assert [fallbacks(named, tier) for tier in named.tiers] == [
        ("opus",),
        ("opus", "haiku"),
        ("haiku",),
    ]
    none = task("fallback: []")
    assert [fallbacks(none, tier) for tier in none.tiers] == [(), (), ()]
