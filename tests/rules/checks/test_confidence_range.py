"""confidence-range: a confidence that the schema lets leave 0..1."""

from __future__ import annotations

FAILING = {
    "a scale to a hundred": """
output:
  type: object
  required: [label, confidence]
  additionalProperties: false
  properties:
    label: {enum: [billing, abuse, other]}
    confidence: {type: number, minimum: 0, maximum: 100}
«confidence»: {field: output.confidence}
""",
    "an enum beyond one": """
output:
  type: object
  required: [label, confidence]
  additionalProperties: false
  properties:
    label: {enum: [billing, abuse, other]}
    confidence: {enum: [0, 50]}
«confidence»: {field: output.confidence}
""",
}
PASSING = {
    "no range at all": """
output:
  type: object
  required: [label, confidence]
  additionalProperties: false
  properties:
    label: {enum: [billing, abuse, other]}
    confidence: {type: number}
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
