"""extends-cycle: files or tasks extend each other in a circle, or in too long a chain."""

from __future__ import annotations

FAILING = {
    "a parent of itself": """
version: 1
extends: _a.yaml
tasks:
  sort:
    prompt: {user: Sort.}
    tiers: [{model: claude-opus-5-5, max_tokens: 2048}]
# file: _a.yaml
version: 1
extends: «_a.yaml»
""",
}
PASSING = {
    "a parent without one": """
version: 1
extends: _a.yaml
tasks:
  sort:
    prompt: {user: Sort.}
    tiers: [{model: claude-opus-5-5, max_tokens: 2048}]
# file: _a.yaml
version: 1
models: {opus: claude-opus-5-5}
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
