"""ceiling-over-model-max: more output than the model can give."""

from __future__ import annotations

FAILING = {
    "one token too many": """
tiers:
  - {model: haiku, max_tokens: «128001»}
""",
}
PASSING = {
    "exactly the model's maximum": """
tiers:
  - {model: haiku, max_tokens: 128000}
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
