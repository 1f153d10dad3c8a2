"""Rules and their pages: complete, up to date, and found by name."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from router.errors import UsageError
from router.rules.pages import pages, render
from router.rules.registry import all_rules, checking_rules, rule, rule_names
from router.types import Severity

DOCS = Path(__file__).parents[2] / "docs" / "rules"
TEXTS = ("summary", "avoid", "prefer", "why")


@pytest.mark.parametrize("name", rule_names())
def test_a_rule_is_named_like_its_file_and_has_every_text(name):
    found = rule(name)
    assert found.name == name
    for text in TEXTS:
        assert getattr(found, text).strip(), text
    assert found.summary.endswith(".")
    assert found.why.endswith(".")
    assert found.avoid != found.prefer


@pytest.mark.parametrize("name", rule_names())
def test_what_a_page_prefers_is_yaml(name):
    prefer = rule(name).prefer
    if not prefer.startswith("{{"):  # a template by itself
        yaml.safe_load(prefer)


def test_the_committed_pages_are_those_of_the_rules():
    """If this fails: write what `router.rules.pages.pages()` gives into docs/rules."""
    committed = {path.name: path.read_text(encoding="utf-8") for path in DOCS.glob("*.md")}
    assert committed == pages()


def test_a_page_has_the_same_headings_always():
    for found in all_rules().values():
        lines = render(found).splitlines()
        headings = [line for line in lines if line.startswith("## ")]
        assert lines[0] == f"# {found.name}"
        assert headings == ["## Avoid", "## Prefer", "## Why", "## Configure"]


def test_a_page_says_how_to_suppress_what_can_be_suppressed():
    for found in all_rules().values():
        suppressed = f"`# router: ignore[{found.name}] reason`" in render(found)
        can = found.severity is not Severity.ERROR and not found.lint_only
        assert suppressed == can, found.name


def test_an_unknown_rule_is_answered_with_the_nearest():
    with pytest.raises(UsageError, match="did you mean `cache-buster`"):
        rule("cache-bustr")


def test_rules_that_check_are_a_part_of_all():
    assert {found.name for found in checking_rules()} < set(all_rules())
    assert list(all_rules()) == sorted(all_rules())
