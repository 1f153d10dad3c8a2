"""retiring-model: the model goes soon; change it while there is time to test."""

from __future__ import annotations

FAILING = {
    "a model with an announced end": """
tiers:
  - {model: «claude-sonnet-4-5-20250929», max_tokens: 512}
""",
}
PASSING = {
    "a model without one": """
tiers:
  - {model: claude-sonnet-4-6, max_tokens: 512}
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
