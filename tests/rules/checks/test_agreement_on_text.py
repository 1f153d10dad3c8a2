"""agreement-on-text: samples of free text never agree."""

from __future__ import annotations

FAILING = {
    "a note": """
output:
  type: object
  required: [label, note, sure]
  additionalProperties: false
  properties:
    label: {enum: [billing, abuse, other]}
    note: {type: string}
    sure: {type: boolean}
confidence: {agreement: {samples: 3, of: «output.note»}}
""",
    "a note, beside another signal": """
output:
  type: object
  required: [label, note, sure, p]
  additionalProperties: false
  properties:
    label: {enum: [billing, abuse, other]}
    note: {type: string}
    p: {type: number}
    sure: {type: boolean}
confidence: {all: [{field: output.p}, {agreement: {samples: 3, of: «output.note»}}]}
""",
}
PASSING = {
    "a label": """
output:
  type: object
  required: [label, note, sure]
  additionalProperties: false
  properties:
    label: {enum: [billing, abuse, other]}
    note: {type: string}
    sure: {type: boolean}
confidence: {agreement: {samples: 3, of: output.label}}
""",
    "a boolean": """
output:
  type: object
  required: [label, note, sure]
  additionalProperties: false
  properties:
    label: {enum: [billing, abuse, other]}
    note: {type: string}
    sure: {type: boolean}
confidence: {agreement: {samples: 3, of: output.sure}}
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
