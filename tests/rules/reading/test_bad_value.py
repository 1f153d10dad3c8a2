"""bad-value: a value is of the right kind, but not one that its key takes."""

from __future__ import annotations

FAILING = {
    "an effort that there is not": "tiers: [{model: opus, max_tokens: 4096, effort: «highest»}]",
}
PASSING = {
    "an effort that there is": "tiers: [{model: opus, max_tokens: 8192, effort: max}]",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
