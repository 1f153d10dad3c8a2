"""template-forbidden: a template uses something that templates may not."""

from __future__ import annotations

FAILING = {
    "a way out of the sandbox": """
prompt: {user: '{{ message.«__class__» | tag("message") }}'}
""",
}
PASSING = {
    "an allowed filter": "prompt: {user: '{{ message | trim | tag(\"message\") }}'}",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
