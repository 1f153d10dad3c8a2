"""cache-buster: text that changes per call in what is to be cached."""

from __future__ import annotations

import pytest

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
    "what the program sets": """
input:
  type: object
  required: [message, guide]
  additionalProperties: false
  properties:
    message: {type: string, maxLength: 2000}
    guide: {type: string, maxLength: 20000}
trusted: [guide]
prompt:
  system: [{text: '{{ «guide» }}', cache: 1h}]
  user: '{{ message | tag("message") }}'
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


@pytest.mark.parametrize(
    ("case", "severity"),
    [
        ("an input within the cached block", "warning"),
        ("what the program sets", "warning"),
        ("a text with an input before a cached block of the user's", "error"),
    ],
)
def test_only_what_is_sure_to_differ_is_an_error(case, severity, checked):
    """Calls of one tenant share its guide: that such a cache is never read is no fact."""
    found = checked(FAILING[case]).findings
    assert [one.severity for one in found if one.rule == "cache-buster"] == [severity]


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
