"""price-cliff: the longest inputs are billed at a dearer rate, all of them."""

from __future__ import annotations

FAILING = {
    "above the step": """
input:
  type: object
  required: [report]
  additionalProperties: false
  properties:
    report: {type: string, maxLength: 260000}
prompt:
  user: '{{ report | tag("report") }}'
tiers: [{model: «haiku», max_tokens: 4096}]
""",
}
PASSING = {
    "below the step": """
input:
  type: object
  required: [report]
  additionalProperties: false
  properties:
    report: {type: string, maxLength: 240000}
prompt:
  user: '{{ report | tag("report") }}'
tiers: [{model: haiku, max_tokens: 4096}]
""",
    "a model without a step": """
input:
  type: object
  required: [report]
  additionalProperties: false
  properties:
    report: {type: string, maxLength: 260000}
prompt:
  user: '{{ report | tag("report") }}'
tiers: [{model: opus, max_tokens: 4096}]
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
