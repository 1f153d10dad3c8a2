"""stop-sequence-in-output: a text that ends the answer in the middle of its JSON."""

from __future__ import annotations

FAILING = {
    "a full stop": """
tiers: [{model: opus, max_tokens: 4096, stop_sequences: «["."]»}]
""",
}
PASSING = {
    "plain text": """
# without: output
tiers: [{model: opus, max_tokens: 4096, stop_sequences: ["."]}]
""",
    "none": "tiers: [{model: opus, max_tokens: 4096}]",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
