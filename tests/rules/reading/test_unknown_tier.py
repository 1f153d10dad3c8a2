"""unknown-tier: a rule or fallback names a tier that the task does not have."""

from __future__ import annotations

FAILING = {
    "a fallback": "fallback: [«sonnet»]",
    "a misspelt tier": "fallback: [«opsu»]",
}
PASSING = {
    "a tier by its model's name": "fallback: [opus]",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
