"""unused-parent: a parent task that no task extends."""

from __future__ import annotations

FAILING = {
    "a parent in the file itself": """
version: 1
tasks:
  «_base»: {owner: platform}
  sort:
    prompt: {user: Sort.}
    tiers: [{model: claude-opus-5-5, max_tokens: 4096}]
""",
    "a parent in a shared file that no file's tasks extend": """
version: 1
extends: _base.yaml
tasks:
  sort:
    extends: _common
    prompt: {user: Sort.}
    tiers: [{model: claude-opus-5-5, max_tokens: 4096}]
# file: _base.yaml
version: 1
tasks:
  _common: {owner: platform}
  «_other»: {owner: platform}
# file: two.yaml
version: 1
extends: _base.yaml
tasks:
  order:
    extends: _common
    prompt: {user: Sort.}
    tiers: [{model: claude-opus-5-5, max_tokens: 4096}]
""",
}
PASSING = {
    "a parent that a task of another file extends": """
version: 1
extends: _base.yaml
tasks:
  sort:
    extends: _common
    prompt: {user: Sort.}
    tiers: [{model: claude-opus-5-5, max_tokens: 4096}]
# file: _base.yaml
version: 1
tasks:
  _common: {owner: platform}
# file: two.yaml
version: 1
extends: _base.yaml
tasks:
  order:
    prompt: {user: Order.}
    tiers: [{model: claude-opus-5-5, max_tokens: 4096}]
""",
}


def test_what_breaks_the_rule_is_found_at_its_place(failing, checked):
    assert checked(failing).findings


def test_what_keeps_the_rule_is_not_found(passing, checked):
    assert checked(passing).policy_set is not None
