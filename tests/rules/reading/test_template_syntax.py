"""template-syntax: a template cannot be parsed."""

from __future__ import annotations

FAILING = {
    "two bars": "prompt: {user: '{{ message «|» | tag(\"message\") }}'}",
}
PASSING = {
    "one bar": "prompt: {user: '{{ message | tag(\"message\") }}'}",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
