"""`router rule`: a rule's page, the list of rules, and both for programs."""

from __future__ import annotations

import json

from typer.testing import CliRunner

from router.cli.app import app
from router.rules.pages import render
from router.rules.registry import all_rules, rule


def router(*arguments: str):
    return CliRunner().invoke(app, ["rule", *arguments])


def test_a_rule_is_explained_by_its_page():
    assert router("cache-buster").stdout.rstrip("\n") == render(rule("cache-buster")).rstrip("\n")


def test_without_a_name_every_rule_is_listed():
    printed = router().stdout
    assert all(name in printed for name in all_rules())


def test_programs_are_told_what_each_rule_needs():
    told = {one["name"]: one["needs"] for one in json.loads(router("--json").stdout)}
    assert told == {name: one.needs for name, one in all_rules().items()}
    assert set(told.values()) == {"policy", "catalog", "estimates"}


def test_an_unknown_rule_is_wrong_usage_and_answered_with_the_nearest():
    done = router("cache-bustr")
    assert done.exit_code == 2
    assert "did you mean `cache-buster`" in done.stderr
