"""condition-syntax: a `when` cannot be parsed, or uses what conditions may not."""

from __future__ import annotations

FAILING = {
    "one equals sign": """
tiers:
  - {model: haiku, max_tokens: 2048, escalate: [{when: output.label «=» "abuse"}]}
  - {model: opus, max_tokens: 4096}
""",
}
PASSING = {
    "two equals signs": """
tiers:
  - {model: haiku, max_tokens: 2048, escalate: [{when: output.label == "abuse"}]}
  - {model: opus, max_tokens: 4096}
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
