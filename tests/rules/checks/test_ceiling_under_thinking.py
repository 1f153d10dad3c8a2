"""ceiling-under-thinking: thoughts count inside the ceiling and may fill it."""

from __future__ import annotations

FAILING = {
    "a model that thinks by default": """
tiers:
  - {model: haiku, max_tokens: «512»}
""",
    "the highest effort": """
tiers:
  - {model: opus, max_tokens: «4096», effort: max}
""",
    "thinking switched on": """
tiers:
  - {model: claude-opus-4-8, max_tokens: «512», thinking: adaptive}
""",
}
PASSING = {
    "thinking switched off": """
tiers:
  - {model: haiku, max_tokens: 512, thinking: disabled}
""",
    "the lowest effort": """
tiers:
  - {model: opus, max_tokens: 1000, effort: low}
""",
    "a round number": """
tiers:
  - {model: opus, max_tokens: 4000, effort: high}
""",
    "a model that does not think by default": """
tiers:
  - {model: claude-opus-4-8, max_tokens: 512}
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
