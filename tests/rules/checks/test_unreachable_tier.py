"""unreachable-tier: a rung that nothing leads to."""

from __future__ import annotations

FAILING = {
    "no event, rule or fallback": """
tiers:
  - {model: haiku, max_tokens: 2048}
  - {model: «opus», max_tokens: 4096}
escalate_on: []
fallback: []
""",
}
PASSING = {
    "a fallback alone": """
tiers:
  - {model: haiku, max_tokens: 2048}
  - {model: opus, max_tokens: 4096}
escalate_on: []
fallback: [opus]
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
