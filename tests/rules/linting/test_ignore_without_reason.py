"""ignore-without-reason: a suppression that nobody can judge later."""

from __future__ import annotations

FAILING = {
    "a comment that says nothing more": """
input:
  type: object
  required: [message]
  additionalProperties: false
  properties:
    message: {type: string}  «# router: ignore[unbounded-input]»
""",
}
PASSING = {
    "a reason": """
input:
  type: object
  required: [message]
  additionalProperties: false
  properties:
    message: {type: string}  # router: ignore[unbounded-input] cut by the form
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
