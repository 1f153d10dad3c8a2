"""wrong-type: a value is of another kind than its key takes."""

from __future__ import annotations

FAILING = {
    "a number in quotes": 'tiers: [{model: opus, max_tokens: «"4096"»}]',
}
PASSING = {
    "a number": "tiers: [{model: opus, max_tokens: 4096}]",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
