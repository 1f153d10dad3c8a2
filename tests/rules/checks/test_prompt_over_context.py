"""prompt-over-context: the longest inputs do not fit the model's context window."""

from __future__ import annotations

FAILING = {
    "an old model's window": """
input:
  type: object
  required: [report]
  additionalProperties: false
  properties:
    report: {type: string, maxLength: 700000}
prompt:
  user: '{{ report | tag("report") }}'
tiers: [{model: «claude-haiku-4-5-20251001», max_tokens: 4096}]
""",
}
PASSING = {
    "just within": """
input:
  type: object
  required: [report]
  additionalProperties: false
  properties:
    report: {type: string, maxLength: 660000}
prompt:
  user: '{{ report | tag("report") }}'
tiers: [{model: claude-haiku-4-5-20251001, max_tokens: 4096}]
""",
    "a larger window": """
input:
  type: object
  required: [report]
  additionalProperties: false
  properties:
    report: {type: string, maxLength: 700000}
prompt:
  user: '{{ report | tag("report") }}'
tiers: [{model: opus, max_tokens: 4096}]
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
