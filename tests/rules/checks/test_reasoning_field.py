"""reasoning-field: a field name that may be taken for an attempt to extract thoughts."""

from __future__ import annotations

FAILING = {
    "in the output": """
output:
  type: object
  required: [label, confidence]
  additionalProperties: false
  properties:
    label: {enum: [billing, abuse, other]}
    confidence: {type: number, minimum: 0, maximum: 1}
    «reasoning»: {type: string}
""",
    "in a tool": """
tools:
  - name: look_up
    description: Finds
    input_schema: {type: object, properties: {«thinking»: {type: string}}}
""",
}
PASSING = {
    "a field of another name": """
output:
  type: object
  required: [label, confidence]
  additionalProperties: false
  properties:
    label: {enum: [billing, abuse, other]}
    confidence: {type: number, minimum: 0, maximum: 1}
    explanation: {type: string}
""",
    "a field that only begins alike": """
output:
  type: object
  required: [label, confidence]
  additionalProperties: false
  properties:
    label: {enum: [billing, abuse, other]}
    confidence: {type: number, minimum: 0, maximum: 1}
    trace_id: {type: string}
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
