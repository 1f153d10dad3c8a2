"""duplicate-task: two files define a task of the same name."""

from __future__ import annotations

FAILING = {
    "in another file": """
version: 1
tasks:
  sort:
    prompt: {user: Sort.}
    tiers: [{model: claude-opus-5-5, max_tokens: 2048}]
# file: two.yaml
version: 1
tasks:
  «sort»:
    prompt: {user: Sort.}
    tiers: [{model: claude-opus-5-5, max_tokens: 2048}]
""",
}
PASSING = {
    "another name in another file": """
version: 1
tasks:
  sort:
    prompt: {user: Sort.}
    tiers: [{model: claude-opus-5-5, max_tokens: 2048}]
# file: two.yaml
version: 1
tasks:
  order:
    prompt: {user: Sort.}
    tiers: [{model: claude-opus-5-5, max_tokens: 2048}]
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
