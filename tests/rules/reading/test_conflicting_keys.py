"""conflicting-keys: two keys of one map exclude each other, or one needs another."""

from __future__ import annotations

FAILING = {
    "a threshold and a condition in one rule": """
tiers:
  - {model: haiku, max_tokens: 2048, escalate: [{below: 0.5, «when»: output.label == "abuse"}]}
  - {model: opus, max_tokens: 4096}
confidence: {field: output.confidence}
""",
}
PASSING = {
    "two rules": """
tiers:
  - {model: haiku, max_tokens: 2048, escalate: [{below: 0.5}, {when: output.label == "abuse"}]}
  - {model: opus, max_tokens: 4096}
confidence: {field: output.confidence}
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
