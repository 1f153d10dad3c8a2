"""threshold-order: a better model is trusted less than the one below it."""

from __future__ import annotations

FAILING = {
    "rising": """
tiers:
  - {model: haiku, max_tokens: 2048, escalate: [{below: 0.6}]}
  - {model: opus, max_tokens: 4096, escalate: [{when: output.label == "abuse"}, {below: «0.8»}]}
confidence: {field: output.confidence}
exhausted: best
""",
}
PASSING = {
    "falling": """
tiers:
  - {model: haiku, max_tokens: 2048, escalate: [{below: 0.8}]}
  - {model: opus, max_tokens: 4096, escalate: [{when: output.label == "abuse"}, {below: 0.6}]}
confidence: {field: output.confidence}
exhausted: best
""",
    "level": """
tiers:
  - {model: haiku, max_tokens: 2048, escalate: [{below: 0.8}]}
  - {model: opus, max_tokens: 4096, escalate: [{when: output.label == "abuse"}, {below: 0.8}]}
confidence: {field: output.confidence}
exhausted: best
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
