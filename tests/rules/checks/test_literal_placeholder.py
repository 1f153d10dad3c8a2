"""literal-placeholder: `{name}` in a prompt, which the model is shown as it stands."""

from __future__ import annotations

FAILING = {
    "as in Python, in the policy": """
input:
  type: object
  required: [message, plan]
  additionalProperties: false
  properties:
    message: {type: string, maxLength: 2000}
    plan: {enum: [free, paid]}
prompt:
  system: [{file: role.md.j2}]
  user: |
    Plan: {{ plan }} «{plan}»
    {{ message | tag("message") }}
trusted: [plan]
# file: role.md.j2
You sort mail.
Be quick.
""",
    "as in a shell, in a file": """
input:
  type: object
  required: [message, plan]
  additionalProperties: false
  properties:
    message: {type: string, maxLength: 2000}
    plan: {enum: [free, paid]}
prompt:
  system: [{file: role.md.j2}]
  user: |
    Plan: {{ plan }}
    {{ message | tag("message") }}
trusted: [plan]
# file: role.md.j2
You sort mail.
Think of the «${ plan }» first.
""",
}
PASSING = {
    "a tag": """
input:
  type: object
  required: [message, plan]
  additionalProperties: false
  properties:
    message: {type: string, maxLength: 2000}
    plan: {enum: [free, paid]}
prompt:
  system: [{file: role.md.j2}]
  user: |
    Plan: {{ plan }}
    {{ message | tag("message") }}
trusted: [plan]
# file: role.md.j2
You sort mail.
Be quick.
""",
    "braces around something else": """
input:
  type: object
  required: [message, plan]
  additionalProperties: false
  properties:
    message: {type: string, maxLength: 2000}
    plan: {enum: [free, paid]}
prompt:
  system: [{file: role.md.j2}]
  user: |
    Plan: {{ plan }}
    {{ message | tag("message") }}
trusted: [plan]
# file: role.md.j2
You sort mail.
Answer {"plan": 1} or {other}, not {{ "{plan" }}}.
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
