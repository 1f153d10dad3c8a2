"""non-string-key: a key of a map is not text."""

from __future__ import annotations

FAILING = {
    "a number": 'tags: {«2026»: "yes"}',
}
PASSING = {
    "a number in quotes": 'tags: {"2026": "yes"}',
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
