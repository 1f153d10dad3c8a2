"""restricted-model: a model that not every key may call."""

from __future__ import annotations

FAILING = {
    "a model of restricted access": """
models:
  haiku: claude-haiku-5-5
  opus: «claude-mythos-5-2»
""",
}
PASSING = {
    "a model of general access": """
models:
  haiku: claude-haiku-5-5
  opus: claude-fable-5-2
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
