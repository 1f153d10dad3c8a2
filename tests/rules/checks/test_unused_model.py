"""unused-model: a name for a pin that no tier uses."""

from __future__ import annotations

from datetime import date

from router.catalog import load_catalog
from router.lint.fixing import fix_all
from router.policy.sources import MemorySources

FAILING = {
    "a name that no tier of any file uses": """
version: 1
extends: _base.yaml
tasks:
  sort:
    prompt: {user: Sort.}
    tiers: [{model: haiku, max_tokens: 4096}]
# file: _base.yaml
version: 1
models:
  haiku: claude-haiku-5-5
  sonnet: «claude-sonnet-5-5»
  opus: claude-opus-5-5
# file: two.yaml
version: 1
extends: _base.yaml
tasks:
  order:
    prompt: {user: Order.}
    tiers: [{model: opus, max_tokens: 4096}]
""",
}
PASSING = {
    "every name in some file": """
tiers:
  - {model: haiku, max_tokens: 2048}
  - {model: sonnet, max_tokens: 4096}
  - {model: opus, max_tokens: 4096}
""",
}
TYPO = """version: 1
models: {haiku: claude-haiku-5-5, opus: claude-opus-5-5}
tasks:
  sort:
    prompt: {user: Sort.}
    tiers: [{model: opsu, max_tokens: 4096}]
"""


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None


def test_no_name_is_unused_while_a_tier_names_a_model_that_there_is_not(judged):
    assert [one.rule for one in judged(TYPO).findings] == ["unknown-model"]


def test_the_mistyped_name_is_mended_and_the_right_one_stays():
    fixed = fix_all(
        MemorySources({"policy.yaml": TYPO}),
        load_catalog(),
        today=date(2026, 11, 22),
        unsafe=True,
    ).files["policy.yaml"]
    assert b"opus: claude-opus-5-5" in fixed
    assert b"{model: opus, max_tokens: 4096}" in fixed
