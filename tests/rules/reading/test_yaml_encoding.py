"""yaml-encoding: the file is not UTF-8 text, or holds a character that YAML does not allow."""

from __future__ import annotations

FAILING = {
    "bytes that are no text": "description: a«\udcff»b\n",
    "a control character": "description: a«\x07»b\n",
}
PASSING = {
    "text of any script": "description: Sortiert Zuschriften, 分類\n",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
