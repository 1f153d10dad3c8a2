"""deadline-below-path: the last tier may lack the time that its policy gives it."""

from __future__ import annotations

FAILING = {
    "the sum of the timeouts": """
tiers:
  - {model: haiku, max_tokens: 2048, timeout: 20s}
  - {model: opus, max_tokens: 4096, timeout: 20s}
budget: {run: {deadline: «39s»}}
""",
    "one timeout alone": """
tiers:
  - {model: haiku, max_tokens: 2048, timeout: «90s»}
budget: {run: {deadline: 1m}}
""",
}
PASSING = {
    "exactly the sum": """
tiers:
  - {model: haiku, max_tokens: 2048, timeout: 20s}
  - {model: opus, max_tokens: 4096, timeout: 20s}
budget: {run: {deadline: 40s}}
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    judgement = checked(failing)
    assert judgement.findings
    assert judgement.policy_set is not None, "a tight deadline is no reason not to start"


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
