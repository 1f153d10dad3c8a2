"""unmappable-template: a template in a scalar that hides where its text was written."""

from __future__ import annotations

FAILING = {
    "a folded block": """
version: 1
tasks:
  sort:
    input: {type: object, properties: {message: {type: string, maxLength: 99}}, required: [message]}
    prompt:
      user: «>
        Sort this:
        {{ message | tag("message") }}
»    tiers: [{model: claude-opus-5-5, max_tokens: 4096}]
""",
    "quotes over two lines": """
prompt:
  system: Sort.
  user:
    - text: «'Sort this:

        {{ message | tag("message") }}'»
""",
    "an escape": r"""
prompt:
  user: «"Sort this:\n{{ message | tag('message') }}"»
""",
}
PASSING = {
    "a literal block": """
prompt:
  user: |
    Sort this:
    {{ message | tag("message") }}
""",
    "quotes on one line": """
prompt:
  user: 'Sort this: {{ message | tag("message") }}'
""",
    "a folded block without tags": """
prompt:
  system: >
    You sort mail. Say into which
    queue a message belongs.
  user: '{{ message | tag("message") }}'
""",
    "a file": """
prompt:
  user: [{file: a.j2}]
# file: a.j2
Sort this:
{{ message | tag("message") }}
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
