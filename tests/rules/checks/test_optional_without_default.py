"""optional-without-default: a template that fails when an optional input is not given."""

from __future__ import annotations

FAILING = {
    "printed": """
input:
  type: object
  required: [message]
  additionalProperties: false
  properties:
    message: {type: string, maxLength: 2000}
    tone: {enum: [plain, warm]}
prompt:
  user: 'Be {{ «tone» }}. {{ message | tag("message") }}'
""",
    "asked for its truth": """
input:
  type: object
  required: [message]
  additionalProperties: false
  properties:
    message: {type: string, maxLength: 2000}
    tone: {enum: [plain, warm]}
prompt:
  user: '{% if «tone» %}Be {{ tone }}.{% endif %} {{ message | tag("message") }}'
""",
}
PASSING = {
    "a default": """
input:
  type: object
  required: [message]
  additionalProperties: false
  properties:
    message: {type: string, maxLength: 2000}
    tone: {enum: [plain, warm], default: plain}
prompt:
  user: 'Be {{ tone }}. {{ message | tag("message") }}'
""",
    "asked whether it is defined": """
input:
  type: object
  required: [message]
  additionalProperties: false
  properties:
    message: {type: string, maxLength: 2000}
    tone: {enum: [plain, warm]}
prompt:
  user: '{% if tone is defined %}Be {{ tone }}.{% endif %} {{ message | tag("message") }}'
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
