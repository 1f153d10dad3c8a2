"""backward-escalation: a rule escalates to the same or to an earlier tier."""

from __future__ import annotations

FAILING = {
    "to the same tier": """
tiers: [{model: opus, max_tokens: 4096, escalate: [{when: output.label == "abuse", to: «opus»}]}]
""",
}
PASSING = {
    "to a later tier": """
tiers:
  - {model: haiku, max_tokens: 2048, escalate: [{when: output.label == "abuse", to: opus}]}
  - {model: opus, max_tokens: 4096}
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
