"""retired-model: the API no longer answers under this name."""

from __future__ import annotations

FAILING = {
    "a retired pin": """
tiers:
  - {model: «claude-opus-4-1-20250805», max_tokens: 512}
""",
    "a retired alias": """
tiers:
  - {model: «claude-3-7-sonnet-latest», max_tokens: 512}
""",
}
PASSING = {
    "a model that is still there": """
tiers:
  - {model: claude-opus-4-8, max_tokens: 512}
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
