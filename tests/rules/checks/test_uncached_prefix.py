"""uncached-prefix: constant text that every call pays for in full, though it could be cached."""

from __future__ import annotations

FAILING = {
    "no breakpoint": """
prompt:
  system:
    - {text: You sort mail.}
    - «{text: "LONG"}»
  user: '{{ message | tag("message") }}'
""",
    "behind the last breakpoint": """
prompt:
  system:
    - {text: "LONG", cache: 1h}
    - «{text: "LONG"}»
  user: '{{ message | tag("message") }}'
""",
}
PASSING = {
    "a breakpoint at the end": """
prompt:
  system:
    - {text: You sort mail.}
    - {text: "LONG", cache: 5m}
  user: '{{ message | tag("message") }}'
""",
    "too short for any cache": """
prompt:
  system:
    - {text: You sort mail.}
    - {text: Be quick.}
  user: '{{ message | tag("message") }}'
""",
    "a model of the deployment's own": """
prompt:
  system:
    - {text: You sort mail.}
    - {text: "LONG"}
  user: '{{ message | tag("message") }}'
tiers: [{model: "local:small", max_tokens: 99}]
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
