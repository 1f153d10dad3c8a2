"""unsorted-ladder: a run climbs to a tier that is cheaper than where it comes from."""

from __future__ import annotations

FAILING = {
    "the dear one first": """
tiers:
  - {model: opus, max_tokens: 4096}
  - {model: «haiku», max_tokens: 4096}
""",
    "cheaper though it counts more tokens": """
tiers:
  - {model: claude-haiku-4-5-20251001, max_tokens: 4096}
  - {model: «haiku», max_tokens: 4096}
""",
    "less effort": """
tiers:
  - {model: opus, max_tokens: 4096}
  - {model: «opus», name: low, effort: low, max_tokens: 4096}
""",
}
PASSING = {
    "the cheap one first": """
tiers:
  - {model: haiku, max_tokens: 4096}
  - {model: opus, max_tokens: 4096}
""",
    "one price": """
tiers:
  - {model: claude-opus-4-8, max_tokens: 4096}
  - {model: claude-opus-5, max_tokens: 4096}
""",
    "a dearer token, of which the same text has fewer": """
tiers:
  - {model: opus, max_tokens: 4096}
  - {model: claude-opus-4-6, max_tokens: 4096}
""",
    "more effort": """
tiers:
  - {model: opus, effort: low, max_tokens: 4096}
  - {model: opus, name: high, effort: high, max_tokens: 4096}
""",
    "a model without a price": """
tiers:
  - {model: opus, max_tokens: 4096}
  - {model: "local:small", max_tokens: 4096}
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
