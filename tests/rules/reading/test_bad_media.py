"""The page of bad-media."""

from __future__ import annotations

FAILING = {
    "an image of a kind that models do not take": """
prompt: {user: [{image: {file: «a.svg»}}, {text: '{{ message | tag("message") }}'}]}
# file: a.svg
<svg/>
""",
}
PASSING = {
    "a text": """
prompt: {user: [{document: {file: a.txt}}, {text: '{{ message | tag("message") }}'}]}
# file: a.txt
Rules
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
