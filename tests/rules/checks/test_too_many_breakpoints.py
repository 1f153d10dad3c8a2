"""too-many-breakpoints: the API takes four."""

from __future__ import annotations

FAILING = {
    "five breakpoints": """
prompt:
  system:
    - {text: "LONG", cache: 1h}
    - {text: b, cache: 1h}
    - {text: c, cache: 1h}
    - {text: d, cache: 5m}
    - {text: e, «cache»: 5m}
  user: '{{ message | tag("message") }}'
""",
}
PASSING = {
    "four breakpoints": """
prompt:
  system:
    - {text: "LONG", cache: 1h}
    - {text: b, cache: 1h}
    - {text: c, cache: 1h}
    - {text: d, cache: 5m}
    - {text: e}
  user: '{{ message | tag("message") }}'
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
