"""verifier-narrower-input: runs whose inputs the verifier refuses."""

from __future__ import annotations

FAILING = {
    "a longer question": """
version: 1
tasks:
  sort:
    input:
      type: object
      required: [question]
      properties:
        question: {type: string, maxLength: 8000}
    prompt: {user: '{{ question | tag("question") }}'}
    tiers:
      - {model: claude-haiku-5-5, max_tokens: 4096, escalate: [{below: 0.8}]}
      - {model: claude-sonnet-5-5, max_tokens: 4096}
    confidence: {verifier: «judge»}
  judge:
    input:
      type: object
      required: [question, answer]
      properties:
        question: {type: string, maxLength: 2000}
        answer: {type: string, maxLength: 40000}
    prompt: {user: 'Judge. {{ question | tag("question") }} {{ answer | tag("answer") }}'}
    output:
      type: object
      required: [confidence]
      additionalProperties: false
      properties: {confidence: {type: number}}
    tiers: [{model: claude-haiku-5-5, max_tokens: 2048}]
""",
    "one among several signals": """
version: 1
tasks:
  sort:
    input:
      type: object
      required: [question]
      properties:
        question: {type: string, maxLength: 2001}
    prompt: {user: '{{ question | tag("question") }}'}
    tiers:
      - {model: claude-haiku-5-5, max_tokens: 4096, escalate: [{below: 0.8}]}
      - {model: claude-sonnet-5-5, max_tokens: 4096}
    confidence: {all: [{verifier: «judge»}]}
  judge:
    input:
      type: object
      required: [question, answer]
      properties:
        question: {type: string, maxLength: 2000}
        answer: {type: string, maxLength: 40000}
    prompt: {user: 'Judge. {{ question | tag("question") }} {{ answer | tag("answer") }}'}
    output:
      type: object
      required: [confidence]
      additionalProperties: false
      properties: {confidence: {type: number}}
    tiers: [{model: claude-haiku-5-5, max_tokens: 2048}]
""",
}
PASSING = {
    "the same bound": """
version: 1
tasks:
  sort:
    input:
      type: object
      required: [question]
      properties:
        question: {type: string, maxLength: 2000}
    prompt: {user: '{{ question | tag("question") }}'}
    tiers:
      - {model: claude-haiku-5-5, max_tokens: 4096, escalate: [{below: 0.8}]}
      - {model: claude-sonnet-5-5, max_tokens: 4096}
    confidence: {verifier: judge}
  judge:
    input:
      type: object
      required: [question, answer]
      properties:
        question: {type: string, maxLength: 2000}
        answer: {type: string, maxLength: 40000}
    prompt: {user: 'Judge. {{ question | tag("question") }} {{ answer | tag("answer") }}'}
    output:
      type: object
      required: [confidence]
      additionalProperties: false
      properties: {confidence: {type: number}}
    tiers: [{model: claude-haiku-5-5, max_tokens: 2048}]
""",
    "a wider verifier": """
version: 1
tasks:
  sort:
    input:
      type: object
      required: [question]
      properties:
        question: {type: string, maxLength: 2000}
    prompt: {user: '{{ question | tag("question") }}'}
    tiers:
      - {model: claude-haiku-5-5, max_tokens: 4096, escalate: [{below: 0.8}]}
      - {model: claude-sonnet-5-5, max_tokens: 4096}
    confidence: {verifier: judge}
  judge:
    input:
      type: object
      required: [question, answer]
      properties:
        question: {type: string, maxLength: 4000}
        answer: {type: string, maxLength: 40000}
    prompt: {user: 'Judge. {{ question | tag("question") }} {{ answer | tag("answer") }}'}
    output:
      type: object
      required: [confidence]
      additionalProperties: false
      properties: {confidence: {type: number}}
    tiers: [{model: claude-haiku-5-5, max_tokens: 2048}]
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
