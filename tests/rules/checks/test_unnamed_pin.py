"""unnamed-pin: a pin in a tier, beside a name for the same pin."""

from __future__ import annotations

FAILING = {
    "an id that has a name": """
tiers: [{model: haiku, max_tokens: 2048}, {model: «claude-opus-5-5», max_tokens: 4096}]
""",
    "in a tier with a name of its own": """
tiers:
  - {model: haiku, max_tokens: 2048}
  - {model: «claude-opus-5-5», name: last, max_tokens: 4096}
""",
}
PASSING = {
    "the name, and an id without one": """
tiers: [{model: haiku, max_tokens: 2048}, {model: claude-opus-4-8, max_tokens: 4096}]
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
