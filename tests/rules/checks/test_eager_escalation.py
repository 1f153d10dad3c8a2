"""eager-escalation: readers are shown text that is then taken back."""

from __future__ import annotations

FAILING = {
    "thresholds": "stream: «eager»",
}
PASSING = {
    "only events": """
stream: eager
tiers:
  - {model: haiku, max_tokens: 4096}
  - {model: opus, max_tokens: 4096}
""",
    "held": "stream: held",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
