"""same-model-escalation: the same question to the same model again."""

from __future__ import annotations

FAILING = {
    "the same settings": """
tiers:
  - {model: opus, max_tokens: 8192, escalate: [{below: 0.8}]}
  - {model: «opus», name: again, max_tokens: 8192}
confidence: {field: output.confidence}
""",
    "less room": """
tiers:
  - {model: opus, max_tokens: 8192, effort: high, escalate: [{below: 0.8}]}
  - {model: «opus», name: again, max_tokens: 8000, effort: high}
confidence: {field: output.confidence}
""",
}
PASSING = {
    "more effort": """
tiers:
  - {model: opus, max_tokens: 8192, effort: low, escalate: [{below: 0.8}]}
  - {model: opus, name: again, max_tokens: 8192, effort: high}
confidence: {field: output.confidence}
""",
    "more room": """
tiers:
  - {model: opus, max_tokens: 8192, escalate: [{below: 0.8}]}
  - {model: opus, name: again, max_tokens: 16000}
confidence: {field: output.confidence}
""",
    "another model": """
tiers:
  - {model: opus, max_tokens: 8192, escalate: [{below: 0.8}]}
  - {model: sonnet, name: again, max_tokens: 8192}
confidence: {field: output.confidence}
""",
    "only events climb": """
tiers: [{model: opus, max_tokens: 4096}, {model: opus, name: again, max_tokens: 4096}]
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
