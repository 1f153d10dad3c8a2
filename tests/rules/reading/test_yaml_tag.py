"""yaml-tag: a value carries a YAML tag."""

from __future__ import annotations

FAILING = {
    "a tag of one's own": "owner: «!team a»",
}
PASSING = {
    "an exclamation mark in quotes": 'owner: "!team a"',
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
