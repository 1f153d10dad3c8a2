"""unknown-version: the file is of another version of the format."""

from __future__ import annotations

FAILING = {
    "a version to come": """
version: «2»
tasks:
  sort:
    prompt: {user: Sort.}
    tiers: [{model: claude-opus-5-5, max_tokens: 2048}]
""",
}
PASSING = {
    "version 1": """
version: 1
tasks:
  sort:
    prompt: {user: Sort.}
    tiers: [{model: claude-opus-5-5, max_tokens: 2048}]
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
