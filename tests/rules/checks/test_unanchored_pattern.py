"""unanchored-pattern: a pattern that is found anywhere in a text lets everything else pass."""

from __future__ import annotations

FAILING = {
    "in the input": """
input:
  type: object
  required: [message, code]
  additionalProperties: false
  properties:
    message: {type: string, maxLength: 2000}
    code: {type: string, maxLength: 99, «pattern»: '[A-Z]{3}'}
prompt:
  user: '{{ code | tag("code") }} {{ message | tag("message") }}'
""",
    "in the output": """
output:
  type: object
  required: [code]
  additionalProperties: false
  properties:
    code: {type: string, «pattern»: '[A-Z]{3}'}
tiers: [{model: opus, max_tokens: 4096}]
""",
}
PASSING = {
    "the whole": """
input:
  type: object
  required: [message, code]
  additionalProperties: false
  properties:
    message: {type: string, maxLength: 2000}
    code: {type: string, maxLength: 99, pattern: '^[A-Z]{3}$'}
prompt:
  user: '{{ code | tag("code") }} {{ message | tag("message") }}'
""",
    "a beginning": """
input:
  type: object
  required: [message, code]
  additionalProperties: false
  properties:
    message: {type: string, maxLength: 2000}
    code: {type: string, maxLength: 99, pattern: '^[A-Z]{3}'}
prompt:
  user: '{{ code | tag("code") }} {{ message | tag("message") }}'
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
