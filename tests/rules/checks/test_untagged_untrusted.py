"""untagged-untrusted: text from outside that nothing keeps apart from the prompt."""

from __future__ import annotations

FAILING = {
    "the use without a tag, not the one with it": """
prompt:
  user: "{% if message %}{{ message | tag('message') }}{% endif %} {{ «message» | upper }}"
""",
    "one choice of any text": """
input:
  type: object
  required: [message]
  additionalProperties: false
  properties:
    message: {anyOf: [{type: string, maxLength: 2000}, {type: "null"}]}
prompt:
  user: "{{ «message» }}"
""",
    "bare text": """
prompt:
  user: "Sort: {{ «message» }}"
""",
    "text that went through a variable": """
prompt:
  user:
    - {text: Sort.}
    - {file: mail.j2}
# file: mail.j2
{# the mail #}
{% set text = «message» | upper %}{{ text }}
""",
}
PASSING = {
    "what holds no text of anyone's choosing": """
input:
  type: object
  required: [message]
  additionalProperties: false
  properties:
    message: {type: string, maxLength: 2000}
    day: {type: string, format: date, default: 2026-01-31}
    plan: {anyOf: [{enum: [free, paid]}, {type: "null"}], default: null}
prompt:
  user: "{{ day }} {{ plan }} {{ message | tag('message') }}"
""",
    "tagged text, and a bare number": """
input:
  type: object
  required: [message]
  additionalProperties: false
  properties:
    message: {type: string, maxLength: 2000}
    count: {type: integer, default: 1}
prompt:
  user: "Sort {{ count }}: {{ message | tag('message') }}"
""",
    "a variable that is tagged": """
prompt:
  user:
    - {text: Sort.}
    - {file: mail.j2}
# file: mail.j2
{% set text = message | upper %}{{ text | tag("mail") }}
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
