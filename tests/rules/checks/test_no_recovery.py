"""no-recovery: one overloaded answer, and the run has failed."""

from __future__ import annotations

FAILING = {
    "a single tier": """
tiers: [{model: opus, max_tokens: 4096}]
retry: {«retries»: 0}
""",
    "no fallback": """
retry: {«retries»: 0}
fallback: []
""",
}
PASSING = {
    "a fallback": "retry: {retries: 0}",
    "retries": "tiers: [{model: opus, max_tokens: 4096}]",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
