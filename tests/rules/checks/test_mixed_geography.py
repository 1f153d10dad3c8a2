"""mixed-geography: data that is to stay in one place leaves it with the next tier."""

from __future__ import annotations

FAILING = {
    "the last tier": """
tiers:
  - {model: haiku, geography: us, max_tokens: 2048}
  - {model: «opus», max_tokens: 4096}
  - {model: sonnet, geography: «global», max_tokens: 4096}
""",
    "the verifier": """
version: 1
tasks:
  sort:
    prompt: {user: Sort.}
    tiers:
      - {model: claude-haiku-5-5, geography: us, max_tokens: 4096, escalate: [{below: 0.8}]}
      - {model: claude-opus-5-5, geography: us, max_tokens: 4096}
    confidence: {verifier: «judge»}
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
PASSING = {
    "all of them": """
tiers:
  - {model: haiku, geography: us, max_tokens: 2048}
  - {model: opus, geography: us, max_tokens: 4096}
""",
    "none of them": """
tiers:
  - {model: haiku, geography: global, max_tokens: 2048}
  - {model: opus, max_tokens: 4096}
""",
    "a model of the deployment's own": """
tiers:
  - {model: "local:small", max_tokens: 2048}
  - {model: opus, geography: us, max_tokens: 4096}
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
