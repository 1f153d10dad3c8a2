"""ttl-order: what is kept for an hour comes before what is kept for five minutes."""

from __future__ import annotations

FAILING = {
    "five minutes before an hour": """
prompt:
  system:
    - {text: "LONG", cache: 5m}
    - {text: b, «cache»: 1h}
  user: '{{ message | tag("message") }}'
""",
    "a tool's five minutes before an hour in `system`": """
prompt:
  system: [{text: a, «cache»: 1h}]
  user: '{{ message | tag("message") }}'
tools:
  - name: look_up
    description: "LONG"
    input_schema: {type: object}
    cache: 5m
""",
}
PASSING = {
    "an hour before five minutes": """
prompt:
  system:
    - {text: "LONG", cache: 1h}
    - {text: b, cache: 5m}
  user: '{{ message | tag("message") }}'
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
