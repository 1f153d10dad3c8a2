"""bad-schema: a JSON Schema cannot be used."""

from __future__ import annotations

import pytest

FAILING = {
    "a misspelt type": """
output:
  type: object
  required: [label]
  additionalProperties: false
  properties:
    label: {type: «sting»}
tiers: [{model: opus, max_tokens: 4096}]
""",
    "a misspelt required property of a closed output": """
output:
  type: object
  required: [«labl»]
  additionalProperties: false
  properties:
    label: {type: string}
tiers: [{model: opus, max_tokens: 4096}]
""",
    "a misspelt required property of a closed input": """
input:
  type: object
  required: [«mesage»]
  additionalProperties: false
  properties:
    message: {type: string, maxLength: 2000}
""",
}
PASSING = {
    "a type": """
output:
  type: object
  required: [label]
  additionalProperties: false
  properties:
    label: {type: string}
tiers: [{model: opus, max_tokens: 4096}]
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None


@pytest.mark.parametrize(("part", "meant"), [("output", "label"), ("input", "message")])
def test_a_misspelt_required_property_is_answered_with_the_one_that_was_meant(part, meant, checked):
    judgement = checked(FAILING[f"a misspelt required property of a closed {part}"])
    (found,) = [one for one in judgement.findings if one.rule == "bad-schema"]
    assert found.help == f"did you mean `{meant}`?"
