"""unreadable-file: a file cannot be read, or is not text where text is needed."""

from __future__ import annotations

FAILING = {
    "a template that is no text": """
prompt:
  user: [{file: «a.j2»}, {text: '{{ message | tag("message") }}'}]
# file: a.j2
\udcff\udcfe
""",
}
PASSING = {
    "a template of any script": """
prompt:
  user: [{file: a.j2}, {text: '{{ message | tag("message") }}'}]
# file: a.j2
分類
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
