"""unknown-signal: confidence or a condition reads something that no answer has."""

from __future__ import annotations

FAILING = {
    "a field that the output does not have": "confidence: {field: «output.certain»}",
    "a threshold without a confidence": """
tiers: [{model: opus, max_tokens: 4096, escalate: [{below: «0.8»}]}]
""",
}
PASSING = {
    "a field that it has": "confidence: {field: output.confidence}",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
