"""threshold-out-of-range: a threshold is not a share between 0 and 1."""

from __future__ import annotations

FAILING = {
    "a percentage without its sign": """
tiers:
  - {model: haiku, max_tokens: 2048, escalate: [{below: «82»}]}
  - {model: opus, max_tokens: 4096}
confidence: {field: output.confidence}
""",
}
PASSING = {
    "a percentage": """
tiers:
  - {model: haiku, max_tokens: 2048, escalate: [{below: 82%}]}
  - {model: opus, max_tokens: 4096}
confidence: {field: output.confidence}
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
