"""superseded-model: a newer model of the family costs no more."""

from __future__ import annotations

FAILING = {
    "the price has fallen": """
models:
  haiku: claude-haiku-5-5
  opus: «claude-opus-5»
""",
    "the price is the same": "tiers: [{model: «claude-sonnet-5», max_tokens: 4096}]",
}
PASSING = {
    "the newest": "",
    "one that leaves, which another rule speaks of": """
tiers: [{model: claude-opus-4-5-20251101, max_tokens: 4096}]
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
