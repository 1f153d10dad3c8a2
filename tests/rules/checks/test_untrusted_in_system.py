"""untrusted-in-system: text from outside where the model takes its orders from."""

from __future__ import annotations

FAILING = {
    "tagged text in `system`": """
prompt:
  system: |
    You sort mail.
    This one: {{ «message» | tag("message") }}
  user: Sort it.
""",
}
PASSING = {
    "a trusted input in `system`": """
prompt:
  system: |
    You sort mail.
    This one: {{ message }}
  user: Sort it.
trusted: [message]
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
