"""reserved-input: an input that conditions cannot see."""

from __future__ import annotations

FAILING = {
    "a tier of the customer's": """
input:
  type: object
  required: [message]
  additionalProperties: false
  properties:
    message: {type: string, maxLength: 2000}
    «tier»: {enum: [free, paid], default: free}
prompt:
  user: '{{ tier }} {{ message | tag("message") }}'
""",
}
PASSING = {
    "a plan": """
input:
  type: object
  required: [message]
  additionalProperties: false
  properties:
    message: {type: string, maxLength: 2000}
    plan: {enum: [free, paid], default: free}
prompt:
  user: '{{ plan }} {{ message | tag("message") }}'
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
