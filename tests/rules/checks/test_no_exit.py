"""no-exit: the last tier may ask for more, and nothing says what then."""

from __future__ import annotations

FAILING = {
    "a single tier that escalates": """
tiers: [{model: haiku, max_tokens: 2048, «escalate»: [{below: 0.5}]}]
confidence: {field: output.confidence}
""",
}
PASSING = {
    "`exhausted` is set": """
tiers: [{model: haiku, max_tokens: 2048, escalate: [{below: 0.5}]}]
confidence: {field: output.confidence}
exhausted: error
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
