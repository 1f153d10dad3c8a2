"""duplicate-key: a map has the same key twice."""

from __future__ import annotations

FAILING = {
    "an owner twice": """
owner: a
tags: {team: a, «team»: b}
""",
}
PASSING = {
    "the same key in two maps": """
owner: a
tags: {owner: a}
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
