"""Reading Jinja's syntax tree: constants, accesses, and what a test makes certain."""

from __future__ import annotations

from typing import Any

from jinja2 import nodes

__all__ = ["OPEN", "access_path", "certain", "constant"]

OPEN: Any = object()
"""Stands for a value that is known only when rendering."""


def constant(node: nodes.Node) -> Any:
    """The value of a constant expression, OPEN if it is none."""
    if isinstance(node, nodes.Const):
        return node.value
    if isinstance(node, nodes.Neg) and isinstance(node.node, nodes.Const):
        value = node.node.value
        return -value if type(value) in (int, float) else OPEN
    if isinstance(node, nodes.List | nodes.Tuple):
        items = [constant(item) for item in node.items]
        return OPEN if any(item is OPEN for item in items) else items
    return OPEN


def access_path(node: nodes.Node) -> tuple[str, ...]:
    """`output.a["b"]` as ("output", "a", "b"); empty for anything else than such an access."""
    steps: list[str] = []
    while True:
        if isinstance(node, nodes.Name):
            return (node.name, *reversed(steps))
        if isinstance(node, nodes.Getattr):
            steps.append(node.attr)
        elif isinstance(node, nodes.Getitem) and isinstance(constant(node.arg), str):
            steps.append(constant(node.arg))
        else:
            return ()
        node = node.node


def certain(test: nodes.Node) -> tuple[frozenset[str], frozenset[str]]:
    """Names that are defined for sure where a test holds, and where it does not."""
    if isinstance(test, nodes.Not):
        yes, no = certain(test.node)
        return no, yes
    if isinstance(test, nodes.And | nodes.Or):
        (left_yes, left_no), (right_yes, right_no) = certain(test.left), certain(test.right)
        if isinstance(test, nodes.And):
            return left_yes | right_yes, left_no & right_no
        return left_yes & right_yes, left_no | right_no
    if isinstance(test, nodes.Test) and isinstance(test.node, nodes.Name):
        if test.name == "defined":
            return frozenset({test.node.name}), frozenset()
        if test.name == "undefined":
            return frozenset(), frozenset({test.node.name})
    return frozenset(), frozenset()
