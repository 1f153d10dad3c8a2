"""unused-confidence: samples or a verifier are configured, and no rule asks for their word."""

from __future__ import annotations

FAILING = {
    "samples that no rule asks for": """
tiers: [{model: haiku, max_tokens: 2048}, {model: opus, max_tokens: 4096}]
«confidence»: {agreement: {samples: 3, of: output.label}}
""",
}
PASSING = {
    "a condition that reads it": """
tiers:
  - {model: haiku, max_tokens: 2048, escalate: [{when: confidence < 0.5}]}
  - {model: opus, max_tokens: 4096}
confidence: {agreement: {samples: 3, of: output.label}}
""",
    "a field, which costs nothing": """
tiers: [{model: opus, max_tokens: 4096}]
confidence: {field: output.confidence}
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
