"""single-model-ladder: several tiers, and one model behind them all."""

from __future__ import annotations

FAILING = {
    "two efforts": """
«tiers»:
  - {model: opus, effort: low, max_tokens: 4096}
  - {model: opus, name: high, effort: high, max_tokens: 8192}
""",
}
PASSING = {
    "two models": """
tiers:
  - {model: opus, effort: low, max_tokens: 4096}
  - {model: sonnet, max_tokens: 8192}
""",
    "a single tier": "tiers: [{model: opus, max_tokens: 4096}]",
    "local models": """
tiers:
  - {model: "local:small", max_tokens: 99}
  - {model: "local:small", name: again, max_tokens: 99}
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
