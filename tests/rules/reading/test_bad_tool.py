"""bad-tool: a tool or `tool_choice` cannot be used."""

from __future__ import annotations

FAILING = {
    "a choice without tools": "tool_choice: «any»",
}
PASSING = {
    "a choice among tools": """
tools: [{name: look_up, description: Finds, input_schema: {type: object}}]
tool_choice: auto
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
