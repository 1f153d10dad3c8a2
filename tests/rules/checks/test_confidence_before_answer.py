"""confidence-before-answer: a model says how sure it is of an answer it has not written yet."""

from __future__ import annotations

FAILING = {
    "first of all": """
output:
  type: object
  required: [confidence, label]
  additionalProperties: false
  properties:
    «confidence»: {type: number, minimum: 0, maximum: 1}
    label: {enum: [billing, abuse, other]}
    note: {type: string}
""",
}
PASSING = {
    "last": """
output:
  type: object
  required: [label, confidence]
  additionalProperties: false
  properties:
    label: {enum: [billing, abuse, other]}
    confidence: {type: number, minimum: 0, maximum: 1}
""",
    "optional, so written after what is required": """
output:
  type: object
  required: [label]
  additionalProperties: false
  properties:
    confidence: {type: number, minimum: 0, maximum: 1}
    label: {enum: [billing, abuse, other]}
""",
    "between": """
output:
  type: object
  required: [label, confidence, note]
  additionalProperties: false
  properties:
    label: {enum: [billing, abuse, other]}
    confidence: {type: number, minimum: 0, maximum: 1}
    note: {type: string}
""",
    "a field that nothing reads": """
output:
  type: object
  required: [confidence, label]
  additionalProperties: false
  properties:
    confidence: {type: number, minimum: 0, maximum: 1}
    label: {enum: [billing, abuse, other]}
    note: {type: string}
tiers: [{model: opus, max_tokens: 4096}]
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
