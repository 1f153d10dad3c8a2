"""retry-cap-below-base: waits that can never be what the policy says."""

from __future__ import annotations

FAILING = {
    "a low cap": "retry: {retries: 4, «base»: 30s, cap: 10s}",
    "below the default": "retry: {«cap»: 500ms}",
}
PASSING = {
    "a high cap": "retry: {base: 2s, cap: 10s}",
    "no retries": "retry: {retries: 0, base: 30s, cap: 10s}",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
