"""retry-exceeds-deadline: waiting alone uses up the run's time."""

from __future__ import annotations

FAILING = {
    "waits that were set": """
«retry»: {retries: 10, base: 2s, factor: 3, cap: 1m}
budget: {run: {deadline: 30s}}
""",
    "the default waits": "budget: {run: {deadline: «10s»}}",
}
PASSING = {
    "waits that fit": """
retry: {retries: 3, base: 1s, cap: 5s}
budget: {run: {deadline: 30s}}
""",
    "a deadline with room for the default waits": "budget: {run: {deadline: 30s}}",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
