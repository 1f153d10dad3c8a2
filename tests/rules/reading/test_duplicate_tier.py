"""duplicate-tier: two tiers of one ladder have the same name."""

from __future__ import annotations

FAILING = {
    "one model twice": """
tiers: [{model: opus, max_tokens: 4096}, {model: «opus», max_tokens: 8192}]
""",
}
PASSING = {
    "one model under two names": """
tiers: [{model: opus, max_tokens: 4096}, {model: opus, name: opus-long, max_tokens: 8192}]
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
