"""unknown-key: a key that the format does not have."""

from __future__ import annotations

FAILING = {
    "a misspelt key": "«ownr»: a",
    "a key that today's models refuse": "owner: a\n«temperature»: 0.2",
    "a key of another version": "owner: a\n«calibration»: table.json",
}
PASSING = {
    "the key": "owner: a",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
