"""attempts-below-path: more calls are promised than the run may make."""

from __future__ import annotations

FAILING = {
    "samples on two tiers and one answer": """
tiers:
  - {model: haiku, max_tokens: 2048, escalate: [{below: 0.8}]}
  - {model: sonnet, max_tokens: 4096, escalate: [{below: 0.8}]}
  - {model: opus, max_tokens: 4096}
confidence: {agreement: {samples: 3, of: output.label}}
budget: {run: {attempts: «6»}}
""",
    "more than the default": """
version: 1
tasks:
  «sort»:
    prompt: {user: Sort.}
    output:
      type: object
      required: [label]
      additionalProperties: false
      properties: {label: {enum: [billing, abuse]}}
    tiers:
      - {model: claude-haiku-5-5, max_tokens: 4096, escalate: [{below: 0.8}]}
      - {model: claude-sonnet-5-5, max_tokens: 4096, escalate: [{below: 0.8}]}
      - {model: claude-opus-5-5, max_tokens: 4096, escalate: [{below: 0.8}]}
    confidence: {agreement: {samples: 9, of: output.label}}
    exhausted: best
""",
    "a verifier that may itself escalate": """
version: 1
tasks:
  sort:
    prompt: {user: Sort.}
    tiers:
      - {model: claude-haiku-5-5, max_tokens: 4096, escalate: [{below: 0.8}]}
      - {model: claude-opus-5-5, max_tokens: 4096}
    confidence: {verifier: judge}
    budget: {run: {attempts: «3»}}
  judge:
    prompt: {user: Judge.}
    output:
      type: object
      required: [confidence]
      additionalProperties: false
      properties: {confidence: {type: number}}
    tiers: [{model: claude-haiku-5-5, max_tokens: 4096}, {model: claude-opus-5-5, max_tokens: 4096}]
""",
}
PASSING = {
    "just enough": """
tiers:
  - {model: haiku, max_tokens: 2048, escalate: [{below: 0.8}]}
  - {model: sonnet, max_tokens: 4096, escalate: [{below: 0.8}]}
  - {model: opus, max_tokens: 4096}
confidence: {agreement: {samples: 3, of: output.label}}
budget: {run: {attempts: 7}}
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
