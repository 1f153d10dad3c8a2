"""yaml11-ambiguous: a plain value means one thing in YAML 1.2 and another in YAML 1.1."""

from __future__ import annotations

FAILING = {
    "a word that was a boolean": "owner: «no»",
}
PASSING = {
    "the word in quotes": 'owner: "no"',
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
