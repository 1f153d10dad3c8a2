"""unused-ignore: a suppression that suppresses nothing."""

from __future__ import annotations

FAILING = {
    "nothing to say there": """
input:
  type: object
  required: [message]
  additionalProperties: false
  properties:
    message: {type: string, maxLength: 99}  # router: ignore[«unbounded-input»] cut by the form
""",
    "a rule that there is not": """
input:
  type: object
  required: [message]
  additionalProperties: false
  properties:
    message: {type: string, maxLength: 99}  # router: ignore[«unbound-input»] cut by the form
""",
    "one name of two": """
input:
  type: object
  required: [message]
  additionalProperties: false
  properties:
    message: {type: string}  # router: ignore[unbounded-input, «unused-input»] cut by the form
""",
    "in a template, with dashes that take the blanks around it": """
prompt:
  user: [{file: mail.j2}]
# file: mail.j2
Sort {#- router: ignore[«unused-input»] long gone -#} this: {{ message | tag("message") }}
""",
}
PASSING = {
    "a finding on the line": """
input:
  type: object
  required: [message]
  additionalProperties: false
  properties:
    message: {type: string}  # router: ignore[unbounded-input] cut by the form
""",
    "a finding on the line below": """
input:
  type: object
  required: [message]
  additionalProperties: false
  properties:
    # router: ignore[unbounded-input] cut by the form
    message: {type: string}
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
