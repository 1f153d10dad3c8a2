"""condition-unknown-name: a `when` uses a name that does not exist there."""

from __future__ import annotations

FAILING = {
    "a field without `output`": """
tiers:
  - {model: haiku, max_tokens: 2048, escalate: [{when: «label» == "abuse"}]}
  - {model: opus, max_tokens: 4096}
""",
}
PASSING = {
    "a field of the output": """
tiers:
  - {model: haiku, max_tokens: 2048, escalate: [{when: output.label == "abuse"}]}
  - {model: opus, max_tokens: 4096}
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
