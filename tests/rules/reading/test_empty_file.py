"""empty-file: a policy file holds nothing."""

from __future__ import annotations

FAILING = {
    "a comment alone": "«#» nothing",
}
PASSING = {
    "a policy below a comment": """
# something
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
