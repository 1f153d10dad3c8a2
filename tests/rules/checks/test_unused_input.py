"""unused-input: a promise in the contract that nothing keeps."""

from __future__ import annotations

FAILING = {
    "an input that only the contract names": """
input:
  type: object
  required: [message]
  additionalProperties: false
  properties:
    message: {type: string, maxLength: 2000}
    «plan»: {enum: [free, paid]}
""",
    "an input beside one that gives a document": """
input:
  type: object
  required: [message]
  additionalProperties: false
  properties:
    message: {type: string, maxLength: 2000}
    «photo»: {type: string}
    contract: {type: string}
prompt:
  user: [{document: {input: contract}}, {text: '{{ message | tag("message") }}'}]
""",
}
PASSING = {
    "an input that a start rule reads": """
input:
  type: object
  required: [message]
  additionalProperties: false
  properties:
    message: {type: string, maxLength: 2000}
    plan: {enum: [free, paid]}
start: [{when: plan == "paid", tier: opus}]
""",
    "an input that gives an image": """
input:
  type: object
  required: [message]
  additionalProperties: false
  properties:
    message: {type: string, maxLength: 2000}
    photo: {type: string}
prompt:
  user: [{image: {input: photo}}, {text: '{{ message | tag("message") }}'}]
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
