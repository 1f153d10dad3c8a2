"""path-escape: a path leads out of the policy root, or is no relative path."""

from __future__ import annotations

FAILING = {
    "above the root": """
prompt: {user: [{file: «../a.j2»}, {text: '{{ message | tag("message") }}'}]}
""",
}
PASSING = {
    "in a folder": """
prompt: {user: [{file: p/../a.j2}]}
# file: a.j2
{{ message | tag("message") }}
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
