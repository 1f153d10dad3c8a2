"""unused-parent: a parent task that no task extends."""

from __future__ import annotations

from collections.abc import Iterator

from router.policy.nodes import Node
from router.rules.base import Facts, Rule
from router.types import Finding, Severity, Span

__all__ = ["RULE", "check_set"]


def check_set(facts: Facts) -> Iterator[Finding]:
    unused: dict[Span, Node] = {}
    used: set[Span] = set()
    for document in facts.documents:
        for name, node in document.bases.items():
            unused[node.span] = node
            if name in document.extended:
                used.add(node.span)
    for span, node in unused.items():
        if span not in used:
            message = f"no task extends `{node.value}`"
            help_line = "extend it, remove it, or take the `_` from its name to make it a task"
            yield RULE.at(node, message, help_line)


RULE = Rule(
    name="unused-parent",
    severity=Severity.INFO,
    summary="A parent task (its name begins with `_`) that no task extends.",
    avoid="tasks:\n  _base: {owner: platform}\n  sort: {…}",
    prefer="tasks:\n  _base: {owner: platform}\n  sort: {extends: _base, …}",
    why=(
        "What stands in it has no effect: a bound or an owner that everybody believes to be in "
        "force is not. Parents in a shared file count as used if one task anywhere extends them."
    ),
    check_set=check_set,
)
