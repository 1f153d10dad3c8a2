"""stale-catalog: facts about models that are older than the notice of a model's end."""

from __future__ import annotations

from datetime import timedelta

from router.catalog import load_catalog

FRESH = load_catalog().as_of + timedelta(days=60)
TODAY = FRESH + timedelta(days=1)
FAILING = {
    "half a year later, once for all tasks": """
version: 1
models: {haiku: «claude-haiku-5-5», opus: claude-opus-5-5}
tasks:
  sort: &task
    prompt: {user: Sort.}
    tiers: [{model: opus, max_tokens: 4096}]
  order: *task
# file: two.yaml
version: 1
tasks:
  sum:
    prompt: {user: Sum up.}
    tiers: [{model: claude-opus-5-5, max_tokens: 4096}]
""",
    "no names for pins": """
version: 1
tasks:
  sort:
    prompt: {user: Sort.}
    tiers: [{model: «claude-opus-5-5», max_tokens: 4096}]
""",
}
PASSING = {
    "a catalog that is just young enough": "",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing, today=FRESH).policy_set is not None
