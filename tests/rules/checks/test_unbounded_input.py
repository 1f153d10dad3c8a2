"""unbounded-input: nothing bounds what one call may cost."""

from __future__ import annotations

FAILING = {
    "a string": """
input:
  type: object
  required: [message]
  additionalProperties: false
  properties:
    «message»: {type: string}
""",
    "a list": """
input:
  type: object
  required: [message]
  additionalProperties: false
  properties:
    message: {type: string, maxLength: 2000}
    «rows»: {type: array, items: {type: string, maxLength: 10}}
prompt:
  user: '{{ rows | default([]) | tag("rows") }} {{ message | tag("message") }}'
""",
}
PASSING = {
    "a bounded list": """
input:
  type: object
  required: [message]
  additionalProperties: false
  properties:
    message: {type: string, maxLength: 2000}
    rows: {type: array, maxItems: 9, items: {type: string, maxLength: 9}}
prompt:
  user: '{{ rows | default([]) | tag("rows") }} {{ message | tag("message") }}'
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
