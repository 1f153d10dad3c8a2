"""yaml-syntax: the file is not YAML."""

from __future__ import annotations

FAILING = {
    "a second colon": "description: Sort«:» mail",
}
PASSING = {
    "a colon in quotes": 'description: "Sort: mail"',
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
