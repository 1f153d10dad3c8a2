"""redundant-override: a child says again what its parent says."""

from __future__ import annotations

FAILING = {
    "an owner, and a setting within a map": """
version: 1
tasks:
  _base:
    owner: platform
    retry: {retries: 4, cap: 15s}
    escalate_on: [refusal]
  sort:
    extends: _base
    «owner»: platform
    retry: {retries: 3, «cap»: 15s}
    «escalate_on»: [refusal]
    prompt: {user: Sort.}
    tiers: [{model: claude-opus-5-5, max_tokens: 4096}]
""",
    "a pin of the parent file": """
version: 1
extends: _base.yaml
models: {«opus»: claude-opus-5-5}
tasks:
  sort:
    prompt: {user: Sort.}
    tiers: [{model: opus, max_tokens: 4096}]
# file: _base.yaml
version: 1
models: {opus: claude-opus-5-5}
""",
}
PASSING = {
    "values that are equal in Python alone": """
version: 1
tasks:
  _base:
    output:
      type: object
      required: [a, b]
      additionalProperties: false
      properties: {a: {enum: [1]}, b: {type: boolean}}
    prompt: {user: Sort.}
    tiers: [{model: claude-opus-5-5, max_tokens: 4096}]
  sort:
    extends: _base
    output:
      type: object
      required: [a, b]
      additionalProperties: false
      properties: {a: {enum: [true]}, b: {type: boolean}}
""",
    "other values, and schemas, which are read as a whole": """
version: 1
tasks:
  _base:
    owner: platform
    retry: {retries: 4, cap: 15s}
    input: {type: object, properties: {message: {type: string, maxLength: 99}}}
  sort:
    extends: _base
    owner: support
    retry: {retries: 3}
    input: {type: object, required: [message]}
    prompt: {user: '{{ message | tag("message") }}'}
    tiers: [{model: claude-opus-5-5, max_tokens: 4096}]
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
