"""unbounded-input: nothing bounds what one call may cost."""

from __future__ import annotations

import pytest

from router.rules.schemas import max_chars

FAILING = {
    "a string": """
input:
  type: object
  required: [message]
  additionalProperties: false
  properties:
    «message»: {type: string}
""",
    "a map with names of any length": """
input:
  type: object
  required: [message]
  additionalProperties: false
  properties:
    «message»: {type: object, maxProperties: 9, additionalProperties: {type: string, maxLength: 9}}
""",
    "names by a pattern, any number of them": """
input:
  type: object
  required: [message]
  additionalProperties: false
  properties:
    «message»:
      type: object
      additionalProperties: false
      patternProperties: {"^x": {type: string, maxLength: 9}}
""",
    "one choice without a bound": """
input:
  type: object
  required: [message]
  additionalProperties: false
  properties:
    «message»: {anyOf: [{type: string}, {type: "null"}]}
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
    "formats that have a length": """
input:
  type: object
  required: [message]
  additionalProperties: false
  properties:
    message: {type: string, maxLength: 2000}
    day: {type: string, format: date, default: 2026-01-31}
    id: {type: string, format: uuid, default: 12345678-1234-4123-8123-123456789abc}
prompt:
  user: '{{ day }} {{ id }} {{ message | tag("message") }}'
""",
    "patterns with an end": r"""
input:
  type: object
  required: [message]
  additionalProperties: false
  properties:
    message: {type: string, maxLength: 2000}
    country: {type: string, pattern: '^[A-Z]{2}$', default: DE}
    channel: {type: string, pattern: '^(web|fair|partner)$', default: web}
    order: {type: string, pattern: '^A-\d{4,8}(?:x|yy)?$', default: A-1234}
prompt:
  user: >-
    {{ country | tag("country") }} {{ channel | tag("channel") }} {{ order | tag("order") }}
    {{ message | tag("message") }}
""",
    "a text that may be null": """
input:
  type: object
  required: [message]
  additionalProperties: false
  properties:
    message: {anyOf: [{type: string, maxLength: 2000}, {type: "null"}]}
""",
    "a map": """
input:
  type: object
  required: [message]
  additionalProperties: false
  properties:
    message:
      type: object
      maxProperties: 9
      propertyNames: {maxLength: 40}
      additionalProperties: {type: string, maxLength: 300}
""",
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


@pytest.mark.parametrize(
    ("pattern", "longest"),
    [
        ("^[A-Z]{2}$", 2),
        ("^(web|fair|partner)$", 7),
        (r"^A-\d{4,8}(?:x|yy)?$", 12),
        (r"^[a-z\]]{1,64}$", 64),
        ("^a+$", None),
        ("^a{2,}$", None),
        ("^[a-z]*$", None),
        ("^(a|b+)$", None),
        ("^a|b$", None),
        ("^.$", None),
        ("[A-Z]{2}", None),
        (r"^(a)\1$", None),
        ("^(?:a|bb){3}$", 6),
    ],
)
def test_a_pattern_bounds_a_text_where_it_has_an_end(pattern, longest):
    assert max_chars({"type": "string", "pattern": pattern}, {}) == longest
