"""redundant-override: a child says again what its parent says."""

from __future__ import annotations

import json
from collections.abc import Iterator

from router.policy.edits import delete_entry, fix
from router.policy.nodes import Node
from router.rules.base import Facts, Rule
from router.types import Finding, Severity

__all__ = ["RULE", "check_set"]

_WHOLE = frozenset({"input", "output"})  # a schema is read as a whole, its parts are no settings


def check_set(facts: Facts) -> Iterator[Finding]:
    for document in facts.documents:
        for parent, child in document.overrides:
            yield from _repeated(parent, child)


def _repeated(parent: Node, child: Node) -> Iterator[Finding]:
    for key, mine in child.items():
        theirs = parent.get(key)
        if theirs is None or theirs is mine:
            continue
        if mine.is_map and theirs.is_map and key not in _WHOLE:
            yield from _repeated(theirs, mine)
        elif _written(mine) == _written(theirs):
            message = f"the parent says the same on {theirs.span}"
            remedy = None
            if not child.source.shares:
                remedy = fix(f"remove `{key}`", delete_entry(child, key))
            yield RULE.at(child, message, "remove it: it is inherited", key=key, fix=remedy)


def _written(node: Node) -> str:
    """As JSON: 1 is neither true nor 1.0 there, and in a tool the order of keys counts."""
    return json.dumps(node.plain())


RULE = Rule(
    name="redundant-override",
    severity=Severity.INFO,
    summary="A task or file sets a key to the value that it inherits anyway.",
    avoid="_base: {owner: platform}\nsort: {extends: _base, owner: platform}",
    prefer="_base: {owner: platform}\nsort: {extends: _base}",
    why=(
        "The day the parent changes, this one does not: two settings that were one drift apart, "
        "and nobody meant it."
    ),
    configure="Keep it where the value must stay whatever becomes of the parent.",
    mends="safe",
    check_set=check_set,
)
