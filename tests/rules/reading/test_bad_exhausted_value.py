"""bad-exhausted-value: the value of `exhausted` breaks the task's own output schema."""

from __future__ import annotations

FAILING = {
    "a label that the schema does not have": "exhausted: {value: «{label: maybe, confidence: 0}»}",
}
PASSING = {
    "a value that the schema allows": "exhausted: {value: {label: other, confidence: 0}}",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
