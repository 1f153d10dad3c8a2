"""prefix-behind-input: constant text that cannot be cached, because an input stands before it."""

from __future__ import annotations

FAILING = {
    "a line with an input first": """
trusted: [message]

prompt:
  system:
    - {text: 'About {{ message }}'}
    - «{text: "LONG"}»
  user: '{{ message | tag("message") }}'
""",
    "a guide behind the message": """
prompt:
  user:
    - {text: '{{ message | tag("message") }}'}
    - «{text: "LONG"}»
""",
}
PASSING = {
    "the guide first": """
prompt:
  system:
    - {text: "LONG", cache: 5m}
    - {text: Be quick.}
  user: '{{ message | tag("message") }}'
""",
    "a short text behind": """
prompt:
  user:
    - {text: '{{ message | tag("message") }}'}
    - {text: Sort it.}
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
