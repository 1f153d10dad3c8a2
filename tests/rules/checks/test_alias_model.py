"""alias-model: a name that stands for another model tomorrow."""

from __future__ import annotations

FAILING = {
    "an alias under `models`": """
models: {haiku: «claude-haiku-4-5», sonnet: claude-sonnet-5-5, opus: claude-opus-5-5}
""",
    "an alias in a tier": """
tiers:
  - {model: «claude-haiku-4-5», max_tokens: 512}
""",
}
PASSING = {
    "the pin of the same model": """
models: {haiku: claude-haiku-4-5-20251001, sonnet: claude-sonnet-5-5, opus: claude-opus-5-5}
""",
    "a dateless id that is itself a pin": """
tiers:
  - {model: claude-opus-4-6, max_tokens: 512}
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
