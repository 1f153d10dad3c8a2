"""missing-description: a task that does not say what it is for."""

from __future__ import annotations

FAILING = {
    "no description": """
version: 1
tasks:
  «sort»:
    prompt: {user: Sort.}
    tiers: [{model: claude-opus-5-5, max_tokens: 4096}]
""",
}
PASSING = {
    "a description": "description: Puts mail into queues.",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
