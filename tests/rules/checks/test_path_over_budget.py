"""path-over-budget: the run's budget stops the path that the policy promises."""

from __future__ import annotations

FAILING = {
    "not even the first call": "budget: {run: {usd: «0.0001»}}",
    "not the whole path": "budget: {run: {usd: «0.02»}}",
}
PASSING = {
    "the whole path fits": "budget: {run: {usd: 0.5}}",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
