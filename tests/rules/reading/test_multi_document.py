"""multi-document: a file holds more than one YAML document."""

from __future__ import annotations

FAILING = {
    "a second document": """
version: 1
tasks:
  sort:
    prompt: {user: Sort.}
    tiers: [{model: claude-opus-5-5, max_tokens: 2048}]
«---»
version: 1
""",
}
PASSING = {
    "one document with its mark": """
---
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
