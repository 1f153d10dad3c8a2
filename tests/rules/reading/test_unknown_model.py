"""unknown-model: a tier names a model that neither `models` nor the catalog knows."""

from __future__ import annotations

FAILING = {
    "a misspelt pin": "tiers: [{model: «claude-opus-55», max_tokens: 4096}]",
}
PASSING = {
    "a pin": "tiers: [{model: claude-opus-5-5, max_tokens: 4096}]",
    "a model of the deployment's own": "tiers: [{model: 'local:small', max_tokens: 4096}]",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
