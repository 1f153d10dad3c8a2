"""open-input: a misspelt input is taken, and does nothing."""

from __future__ import annotations

FAILING = {
    "an optional plan": """
«input»:
  type: object
  required: [message]
  properties:
    message: {type: string, maxLength: 2000}
    plan: {enum: [free, paid], default: free}
prompt:
  user: '{{ plan }} {{ message | tag("message") }}'
""",
}
PASSING = {
    "closed": """
input:
  type: object
  required: [message]
  properties:
    message: {type: string, maxLength: 2000}
    plan: {enum: [free, paid], default: free}
  additionalProperties: false
prompt:
  user: '{{ plan }} {{ message | tag("message") }}'
""",
    "nothing optional": """
input:
  type: object
  required: [message]
  properties:
    message: {type: string, maxLength: 2000}
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
