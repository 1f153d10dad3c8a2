"""open-object: the answer may hold what nobody asked for."""

from __future__ import annotations

FAILING = {
    "the output itself": """
«output»:
  type: object
  required: [label, confidence]
  properties:
    label: {enum: [billing, abuse, other]}
    confidence: {type: number, minimum: 0, maximum: 1}
""",
    "an object within": """
output:
  type: object
  required: [label, confidence]
  additionalProperties: false
  properties:
    label: {enum: [billing, abuse, other]}
    confidence: {type: number, minimum: 0, maximum: 1}
    «who»: {type: object, properties: {name: {type: string}}}
""",
}
PASSING = {
    "closed objects": """
output:
  type: object
  required: [label, who]
  additionalProperties: false
  properties:
    label: {type: string}
    who: {type: object, additionalProperties: false, properties: {name: {type: string}}}
tiers: [{model: opus, max_tokens: 4096}]
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
