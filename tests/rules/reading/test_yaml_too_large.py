"""yaml-too-large: the file is larger than 1 MiB, or holds too many values."""

from __future__ import annotations

FAILING = {
    "more than a megabyte": f"«#»{'#' * (1 << 20)}",
}
PASSING = {
    "a long description": f"description: {'long ' * 1000}\n",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
