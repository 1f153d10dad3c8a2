"""undeclared-required: `required` names what `properties` does not have."""

from __future__ import annotations

FAILING = {
    "a misspelt property of an open output": """
output:
  type: object
  required: [label, «confidnce»]
  additionalProperties: true
  properties:
    label: {enum: [billing, abuse, other]}
    confidence: {type: number, minimum: 0, maximum: 1}
""",
    "a misspelt input of an open contract": """
input:
  type: object
  required: [message, «mesage»]
  properties:
    message: {type: string, maxLength: 2000}
""",
}
PASSING = {
    "an open output": """
output:
  type: object
  required: [label, confidence]
  properties:
    label: {enum: [billing, abuse, other]}
    confidence: {type: number, minimum: 0, maximum: 1}
""",
    "required under a composition": """
input:
  type: object
  required: [message]
  properties:
    message: {type: string, maxLength: 2000}
  anyOf: [{required: [message]}, {required: [other]}]
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
