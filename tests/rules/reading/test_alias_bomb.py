"""alias-bomb: aliases stand for more values than a policy may have, or for themselves."""

from __future__ import annotations

FAILING = {
    "forty aliases": f"owner: &a x\ntags: [{'*a, ' * 32}«*a», {'*a, ' * 7}]\n",
}
PASSING = {
    "a few aliases": "owner: &a x\ntags: {one: *a, two: *a}\n",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
