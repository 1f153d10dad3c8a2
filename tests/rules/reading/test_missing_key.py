"""missing-key: a key that is required is not there."""

from __future__ import annotations

FAILING = {
    "a tier without a ceiling": "tiers: [«{model: opus}»]",
}
PASSING = {
    "a tier with all that it needs": "tiers: [{model: opus, max_tokens: 4096}]",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
