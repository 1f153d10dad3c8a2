"""type-mismatch: a comparison with a value that can never be there."""

from __future__ import annotations

FAILING = {
    "a label that the schema does not have": """
tiers:
  - {model: haiku, max_tokens: 2048, escalate: [{when: output.label == «"abusive"»}]}
  - {model: opus, max_tokens: 4096}
""",
    "one of several, on a later line of a block": """
tiers:
  - model: haiku
    max_tokens: 2048
    escalate:
      - when: |
          confidence > 0.2 and
          output.label in [«"fraud"», "abuse"]
  - {model: opus, max_tokens: 4096}
confidence: {field: output.confidence}
""",
    "a number compared with text": """
tiers:
  - {model: haiku, max_tokens: 2048, escalate: [{when: output.confidence == «"low"»}]}
  - {model: opus, max_tokens: 4096}
""",
}
PASSING = {
    "a label that it has": """
tiers:
  - {model: haiku, max_tokens: 2048, escalate: [{when: output.label == "abuse"}]}
  - {model: opus, max_tokens: 4096}
""",
    "all of several": """
tiers:
  - model: haiku
    max_tokens: 2048
    escalate:
      - when: |
          confidence > 0.2 and
          output.label in ["billing", "abuse"]
  - {model: opus, max_tokens: 4096}
confidence: {field: output.confidence}
""",
    "a number compared with a number": """
tiers:
  - {model: haiku, max_tokens: 2048, escalate: [{when: output.confidence < 0.5}]}
  - {model: opus, max_tokens: 4096}
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
