"""cache-buster: text that changes per call in what is to be cached."""

from __future__ import annotations

FAILING = {
    "an input within the cached block": """
input:
  type: object
  required: [message]
  additionalProperties: false
  properties:
    message: {type: string, maxLength: 2000}
    plan: {enum: [free, paid], default: free}
prompt:
  system:
    - text: |
        Plan: {{ «plan» }}
        LONG
      cache: 1h
  user: '{{ message | tag("message") }}'
""",
    "an input in a file before the breakpoint": """
input:
  type: object
  required: [message]
  additionalProperties: false
  properties:
    message: {type: string, maxLength: 2000}
    plan: {enum: [free, paid], default: free}
prompt:
  system: [{file: p/role.md.j2}, {text: "LONG", cache: 1h}]
  user: '{{ message | tag("message") }}'
# file: p/role.md.j2
You sort mail.
Plan: {{ «plan» }}
""",
    "a text with an input before a cached block of the user's": """
prompt:
  user:
    - {text: '{{ «message» | tag("message") }}'}
    - {text: Sort it., cache: 5m}
""",
}
PASSING = {
    "an input behind the breakpoint": """
input:
  type: object
  required: [message]
  additionalProperties: false
  properties:
    message: {type: string, maxLength: 2000}
    plan: {enum: [free, paid], default: free}
prompt:
  system:
    - text: |
        LONG
      cache: 1h
  user: '{{ plan }} {{ message | tag("message") }}'
""",
    "a constant file before the breakpoint": """
prompt:
  system: [{file: p/role.md.j2}, {text: "LONG", cache: 1h}]
  user: '{{ message | tag("message") }}'
# file: p/role.md.j2
You sort mail.
""",
    "a document that an input gives may be cached on purpose": """
input:
  type: object
  required: [message]
  additionalProperties: false
  properties:
    message: {type: string, maxLength: 2000}
    contract: {type: string}
prompt:
  user:
    - {document: {input: contract}, cache: 5m}
    - {text: '{{ message | tag("message") }}'}
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
