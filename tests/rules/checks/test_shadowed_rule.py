"""shadowed-rule: an earlier rule has always decided already."""

from __future__ import annotations

FAILING = {
    "a lower threshold after a higher one": """
tiers:
  - {model: haiku, max_tokens: 2048, escalate: [{below: 0.8}, {below: «0.5», to: opus}]}
  - {model: opus, max_tokens: 4096}
confidence: {field: output.confidence}
""",
    "the same condition again": """
input:
  type: object
  required: [message]
  additionalProperties: false
  properties:
    message: {type: string, maxLength: 2000}
    plan: {enum: [free, paid], default: free}
start:
  - {when: plan == "paid", tier: opus}
  - {when: «plan  ==  "paid"», tier: haiku}
""",
}
PASSING = {
    "a lower threshold first": """
tiers:
  - {model: haiku, max_tokens: 2048, escalate: [{below: 0.5, to: opus}, {below: 0.8}]}
  - {model: opus, max_tokens: 4096}
confidence: {field: output.confidence}
""",
    "two conditions": """
input:
  type: object
  required: [message]
  additionalProperties: false
  properties:
    message: {type: string, maxLength: 2000}
    plan: {enum: [free, paid], default: free}
start:
  - {when: plan == "paid", tier: opus}
  - {when: plan == "free", tier: haiku}
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
