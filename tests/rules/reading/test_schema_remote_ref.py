"""schema-remote-ref: a schema refers to something outside itself."""

from __future__ import annotations

FAILING = {
    "a schema on the web": """
output:
  type: object
  required: [label]
  additionalProperties: false
  properties:
    label: {$ref: «"https://example.com/a.json"»}
tiers: [{model: opus, max_tokens: 4096}]
""",
}
PASSING = {
    "a schema in the same place": """
output:
  type: object
  required: [label]
  additionalProperties: false
  properties:
    label: {$ref: "#/$defs/label"}
  $defs: {label: {type: string}}
tiers: [{model: opus, max_tokens: 4096}]
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
