"""missing-bounds: nothing says what a run may cost, or how long it may take."""

from __future__ import annotations

FAILING = {
    "no bounds": """
version: 1
tasks:
  «sort»:
    prompt: {user: Sort.}
    tiers: [{model: claude-opus-5-5, max_tokens: 4096}]
""",
    "a deadline alone": "budget: {run: «{deadline: 60s}»}",
}
PASSING = {
    "both": "budget: {run: {usd: 0.5, deadline: 60s}}",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
