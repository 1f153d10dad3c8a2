"""schema-pattern: a pattern of a schema is no regular expression, or may take very long."""

from __future__ import annotations

FAILING = {
    "a reference back": r"""
output:
  type: object
  required: [label]
  additionalProperties: false
  properties:
    label: {type: string, pattern: «'(a)\1'»}
tiers: [{model: opus, max_tokens: 4096}]
""",
}
PASSING = {
    "a class": """
output:
  type: object
  required: [label]
  additionalProperties: false
  properties:
    label: {type: string, pattern: '^[a-z]+$'}
tiers: [{model: opus, max_tokens: 4096}]
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
