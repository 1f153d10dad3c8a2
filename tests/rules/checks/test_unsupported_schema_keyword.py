"""unsupported-schema-keyword: what the API leaves to us."""

from __future__ import annotations

FAILING = {
    "a range": """
«output»:
  type: object
  required: [label, urgency]
  additionalProperties: false
  properties:
    label: {enum: [billing, abuse, other]}
    urgency: {type: number, minimum: 0, maximum: 1}
# without: confidence
tiers: [{model: opus, max_tokens: 4096}]
""",
    "a recursive schema": """
«output»:
  type: object
  required: [label, confidence]
  additionalProperties: false
  properties:
    label: {enum: [billing, abuse, other]}
    confidence: {type: number, minimum: 0, maximum: 1}
    parts: {type: array, items: {$ref: '#'}}
""",
}
PASSING = {
    "no keyword that the API refuses": """
output:
  type: object
  required: [label, confidence]
  additionalProperties: false
  properties:
    label: {enum: [billing, abuse, other]}
    confidence: {type: number}
""",
    "the range of a confidence, which is the same everywhere": """
output:
  type: object
  required: [label, confidence]
  additionalProperties: false
  properties:
    label: {enum: [billing, abuse, other]}
    confidence: {type: number, minimum: 0, maximum: 1}
""",
    "the range of what another field calls a confidence": """
output:
  type: object
  required: [label, certainty]
  additionalProperties: false
  properties:
    label: {enum: [billing, abuse, other]}
    certainty: {type: number, minimum: 0, maximum: 1}
confidence: {field: output.certainty}
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None


def test_a_schema_of_which_nothing_is_sent_is_a_warning_with_the_reason(checked):
    """A recursive schema: the author learns that the API enforces nothing, and why."""
    found = checked(FAILING["a recursive schema"]).findings
    (warning,) = [one for one in found if one.rule == "unsupported-schema-keyword"]
    assert warning.severity == "warning"
    assert "no schema is sent" in warning.message
    assert "recursive" in warning.message
