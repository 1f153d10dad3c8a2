"""constant-condition: a rule that always holds, or never."""

from __future__ import annotations

FAILING = {
    "a bound that the schema keeps": """
tiers:
  - {model: haiku, max_tokens: 2048, escalate: [{when: «output.confidence» < 2}]}
  - {model: opus, max_tokens: 4096}
""",
    "no names at all": """
tiers:
  - {model: haiku, max_tokens: 2048, escalate: [{when: «1 == 1»}]}
  - {model: opus, max_tokens: 4096}
""",
    "nothing is below zero": """
tiers:
  - {model: haiku, max_tokens: 2048, escalate: [{below: «0»}]}
  - {model: opus, max_tokens: 4096}
confidence: {field: output.confidence}
""",
    "a share that one sample alone reaches": """
tiers:
  - {model: haiku, max_tokens: 2048, escalate: [{below: «0.33»}]}
  - {model: opus, max_tokens: 4096}
confidence: {agreement: {samples: 3, of: output.label}}
""",
}
PASSING = {
    "a bound within the schema": """
tiers:
  - {model: haiku, max_tokens: 2048, escalate: [{when: output.confidence < 0.2}]}
  - {model: opus, max_tokens: 4096}
""",
    "below one": """
tiers:
  - {model: haiku, max_tokens: 2048, escalate: [{below: 1}]}
  - {model: opus, max_tokens: 4096}
confidence: {field: output.confidence}
""",
    "two samples of three": """
tiers:
  - {model: haiku, max_tokens: 2048, escalate: [{below: 0.6}]}
  - {model: opus, max_tokens: 4096}
confidence: {agreement: {samples: 3, of: output.label}}
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
