"""cache-below-minimum: a breakpoint that caches nothing, in silence."""

from __future__ import annotations

FAILING = {
    "a short prefix": """
prompt:
  system: [{text: You sort mail., «cache»: 1h}]
  user: '{{ message | tag("message") }}'
""",
    "enough for one tier's model and not for the other's": """
prompt:
  system:
    - text: "LONG"
      «cache»: 1h
  user: '{{ message | tag("message") }}'
tiers:
  - {model: haiku, max_tokens: 2048}
  - {model: claude-opus-4-6, max_tokens: 2048}
""",
}
PASSING = {
    "a long prefix before a short block": """
prompt:
  system: [{text: "LONG"}, {text: You sort mail., cache: 1h}]
  user: '{{ message | tag("message") }}'
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
