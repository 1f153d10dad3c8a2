"""yaml-too-deep: lists and maps are nested more than 64 deep."""

from __future__ import annotations

FAILING = {
    "a list in a list in a list": f"tags: {'[' * 61}«[»{']' * 62}\n",
}
PASSING = {
    "no deeper than a schema": """
output:
  type: object
  required: [one]
  additionalProperties: false
  properties:
    one: {type: object, properties: {two: {type: object, properties: {three: {type: string}}}}}
tiers: [{model: opus, max_tokens: 4096}]
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
