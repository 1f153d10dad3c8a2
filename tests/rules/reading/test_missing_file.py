"""missing-file: a file that a policy names is not there."""

from __future__ import annotations

FAILING = {
    "a template": """
prompt: {user: [{file: «a.j2»}, {text: '{{ message | tag("message") }}'}]}
""",
}
PASSING = {
    "a template that is there": """
prompt: {user: [{file: a.j2}]}
# file: a.j2
{{ message | tag("message") }}
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
