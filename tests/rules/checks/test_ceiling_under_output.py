"""ceiling-under-output: the schema allows answers that the tier has no room for."""

from __future__ import annotations

FAILING = {
    "a long note": """
output:
  type: object
  required: [label, note]
  additionalProperties: false
  properties:
    label: {enum: [billing, abuse, other]}
    note: {type: string, maxLength: 20000}
tiers: [{model: opus, max_tokens: «4096»}]
""",
}
PASSING = {
    "a short note": """
output:
  type: object
  required: [label, note]
  additionalProperties: false
  properties:
    label: {enum: [billing, abuse, other]}
    note: {type: string, maxLength: 8000}
tiers: [{model: opus, max_tokens: 4096}]
""",
    "a note without bounds": """
output:
  type: object
  required: [label, note]
  additionalProperties: false
  properties:
    label: {enum: [billing, abuse, other]}
    note: {type: string}
tiers: [{model: opus, max_tokens: 4096}]
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
