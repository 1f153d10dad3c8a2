"""invisible-character: text that a model reads and a reviewer cannot see."""

from __future__ import annotations

FAILING = {
    "tag characters in a template": """
prompt:
  user: [{file: a.j2}]
# file: a.j2
Sort this:«󠁡󠁢» {{ message | tag("message") }}
""",
    "a mark of direction in a policy": "description: Sorts «‮»mail",
}
PASSING = {
    "emoji, other scripts and a flag": "description: Sortiert 分類 👩‍💻 می‌خواهم 🏴󠁧󠁢󠁥󠁮󠁧󠁿",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
