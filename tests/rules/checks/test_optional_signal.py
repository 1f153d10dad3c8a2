"""optional-signal: the field that escalation hangs on may be left out."""

from __future__ import annotations

FAILING = {
    "a confidence that may be missing": """
output:
  type: object
  required: [label]
  additionalProperties: false
  properties:
    label: {enum: [billing, abuse, other]}
    «confidence»: {type: number, minimum: 0, maximum: 1}
""",
    "what samples are compared by": """
output:
  type: object
  required: [verdict]
  additionalProperties: false
  properties:
    verdict:
      type: object
      additionalProperties: false
      properties:
        «label»: {enum: [billing, abuse, other]}
confidence: {agreement: {samples: 3, of: output.verdict.label}}
""",
}
PASSING = {
    "required": """
output:
  type: object
  required: [label, confidence]
  additionalProperties: false
  properties:
    label: {enum: [billing, abuse, other]}
    confidence: {type: number, minimum: 0, maximum: 1}
""",
    "a verifier": """
version: 1
tasks:
  sort:
    prompt: {user: Sort.}
    tiers:
      - {model: claude-haiku-5-5, max_tokens: 4096, escalate: [{below: 0.8}]}
      - {model: claude-opus-5-5, max_tokens: 4096}
    confidence: {verifier: judge}
  judge:
    prompt: {user: Judge.}
    output:
      type: object
      required: [confidence]
      additionalProperties: false
      properties: {confidence: {type: number}}
    tiers: [{model: claude-haiku-5-5, max_tokens: 4096}]
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
