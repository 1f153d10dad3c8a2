"""undefined-variable: a template or block names an input that the task does not have."""

from __future__ import annotations

FAILING = {
    "a misspelt input": "prompt: {user: '{{ «mesage» | tag(\"message\") }}'}",
}
PASSING = {
    "a variable of the template's own": """
prompt: {user: '{% set text = message %}{{ text | tag("message") }}'}
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
