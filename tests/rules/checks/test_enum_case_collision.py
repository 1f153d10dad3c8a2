"""enum-case-collision: two values of an enum that differ by letter case only."""

from __future__ import annotations

FAILING = {
    "two spellings": """
output:
  type: object
  required: [label]
  additionalProperties: false
  properties:
    label: {enum: [US, DE, «us»]}
tiers: [{model: opus, max_tokens: 4096}]
""",
}
PASSING = {
    "distinct values": """
output:
  type: object
  required: [label]
  additionalProperties: false
  properties:
    label: {enum: [US, DE, FR]}
tiers: [{model: opus, max_tokens: 4096}]
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
