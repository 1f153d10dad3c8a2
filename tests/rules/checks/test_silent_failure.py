"""silent-failure: an answer that is none ends the run below a tier that could give one."""

from __future__ import annotations

FAILING = {
    "one event of three": "escalate_on: «[refusal]»",
    "no event": "escalate_on: «[]»",
}
PASSING = {
    "the three, and one more": """
escalate_on: [invalid_output, refusal, truncated, unknown_stop]
""",
    "nowhere to go": """
tiers: [{model: opus, max_tokens: 4096}]
escalate_on: []
""",
    "local models, which know no refusal": """
tiers: [{model: "local:small", max_tokens: 99}, {model: "local:large", max_tokens: 99}]
escalate_on: [invalid_output, truncated]
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
