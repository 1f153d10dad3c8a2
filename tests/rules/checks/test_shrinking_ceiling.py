"""shrinking-ceiling: an answer that was cut off goes to a tier that cuts it off sooner."""

from __future__ import annotations

FAILING = {
    "half the room": """
tiers: [{model: haiku, max_tokens: 8192}, {model: opus, max_tokens: «4096»}]
""",
}
PASSING = {
    "the same room": """
tiers: [{model: haiku, max_tokens: 8192}, {model: opus, max_tokens: 8192}]
""",
    "truncated answers do not escalate": """
tiers: [{model: haiku, max_tokens: 8192}, {model: opus, max_tokens: 4096}]
escalate_on: [invalid_output, refusal]
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
