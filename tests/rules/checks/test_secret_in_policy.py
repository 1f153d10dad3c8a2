"""secret-in-policy: keys belong to the deployment, not into files that people copy."""

from __future__ import annotations

FAILING = {
    "a key in a description": "description: with «sk-ant-api03-Zk3mQ8vN1xT7rB5pL2wY» in it",
    "an assignment in a template": """
prompt:
  user: [{file: a.j2}, {text: '{{ message | tag("message") }}'}]
# file: a.j2
Use this:
api_key = "«q9Xw2Lr7Vb4Tn8Kp1Zs6Yd3M»"
""",
    "a key in a comment": """
# aws: «AKIAZ3MQ8VN1XT7RB5PL»
version: 1
models: {haiku: claude-haiku-5-5, sonnet: claude-sonnet-5-5, opus: claude-opus-5-5}
tasks:
  sort:
    input:
      type: object
      required: [message]
      additionalProperties: false
      properties:
        message: {type: string, maxLength: 2000}
    output:
      type: object
      required: [label, confidence]
      additionalProperties: false
      properties:
        label: {enum: [billing, abuse, other]}
        confidence: {type: number, minimum: 0, maximum: 1}
    prompt:
      user: '{{ message | tag("message") }}'
    tiers:
      - {model: haiku, max_tokens: 2048, escalate: [{below: 0.8}]}
      - {model: opus, max_tokens: 4096}
    confidence: {field: output.confidence}
""",
}
PASSING = {
    "a key that is obviously made up": "description: with sk-ant-xxxxxxxxxxxxxxxxxxxxxxxxx in it",
    "example keys and a password of words": """
prompt:
  user: [{file: a.j2}, {text: '{{ message | tag("message") }}'}]
# file: a.j2
api_key = AKIAIOSFODNN7EXAMPLE
password: correct-horse-battery
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
