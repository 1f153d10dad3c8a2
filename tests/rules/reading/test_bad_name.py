"""bad-name: the name of a task, model or input cannot be used."""

from __future__ import annotations

FAILING = {
    "a capital letter": """
version: 1
tasks:
  «Sort»:
    prompt: {user: Sort.}
    tiers: [{model: claude-opus-5-5, max_tokens: 2048}]
""",
}
PASSING = {
    "digits and dashes": """
version: 1
tasks:
  sort-2:
    prompt: {user: Sort.}
    tiers: [{model: claude-opus-5-5, max_tokens: 2048}]
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
