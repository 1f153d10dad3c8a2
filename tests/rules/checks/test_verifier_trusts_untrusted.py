"""verifier-trusts-untrusted: text of a stranger's that a verifier takes for its own program's."""

from __future__ import annotations

FAILING = {
    "a question in `system`": """
version: 1
tasks:
  sort:
    input:
      type: object
      required: [question]
      properties:
        question: {type: string, maxLength: 2000}
    trusted: []
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
    trusted: [question]
    prompt:
      system: 'Judge. {{ question }}'
      user: '{{ answer | tag("answer") }}'
    output:
      type: object
      required: [confidence]
      additionalProperties: false
      properties: {confidence: {type: number}}
    tiers: [{model: claude-haiku-5-5, max_tokens: 2048}]
""",
    "an answer without a tag": """
version: 1
tasks:
  sort:
    input:
      type: object
      required: [question]
      properties:
        question: {type: string, maxLength: 2000}
    trusted: []
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
    trusted: [answer]
    prompt:
      system: 'Judge.'
      user: '{{ question | tag("question") }} {{ answer }}'
    output:
      type: object
      required: [confidence]
      additionalProperties: false
      properties: {confidence: {type: number}}
    tiers: [{model: claude-haiku-5-5, max_tokens: 2048}]
""",
}
PASSING = {
    "trusted by both": """
version: 1
tasks:
  sort:
    input:
      type: object
      required: [question]
      properties:
        question: {type: string, maxLength: 2000}
    trusted: [question]
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
    trusted: [question]
    prompt:
      system: 'Judge. {{ question }}'
      user: '{{ answer | tag("answer") }}'
    output:
      type: object
      required: [confidence]
      additionalProperties: false
      properties: {confidence: {type: number}}
    tiers: [{model: claude-haiku-5-5, max_tokens: 2048}]
""",
    "trusted, and tagged all the same": """
version: 1
tasks:
  sort:
    input:
      type: object
      required: [question]
      properties:
        question: {type: string, maxLength: 2000}
    trusted: []
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
    trusted: [question, answer]
    prompt:
      system: 'Judge.'
      user: '{{ question | tag("question") }} {{ answer | tag("answer") }}'
    output:
      type: object
      required: [confidence]
      additionalProperties: false
      properties: {confidence: {type: number}}
    tiers: [{model: claude-haiku-5-5, max_tokens: 2048}]
""",
    "trusted by none": """
version: 1
tasks:
  sort:
    input:
      type: object
      required: [question]
      properties:
        question: {type: string, maxLength: 2000}
    trusted: []
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
    trusted: []
    prompt:
      system: 'Judge.'
      user: '{{ question | tag("question") }} {{ answer | tag("answer") }}'
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
