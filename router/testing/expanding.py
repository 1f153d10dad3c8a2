"""Tables and named values: `$name` in a case becomes the value it stands for.

What is put in keeps its own place, so that a failing row of a table is shown as that row.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from router.policy.findings import at_key, at_node, quoted
from router.policy.nodes import Node
from router.policy.suggest import did_you_mean
from router.types import Finding

__all__ = ["RULE", "Values", "expand_case"]

RULE = "bad-case"

_NAME = re.compile(r"(\$?)\$([A-Za-z_][A-Za-z0-9_]*)")
_IN_TEXT = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass(slots=True)
class Values:
    """What names stand for, which of them were used, and what is wrong with the others."""

    named: Mapping[str, Node]
    used: set[str] = field(default_factory=set)
    findings: list[Finding] = field(default_factory=list)

    def put_into(self, node: Node) -> Node:
        """The node with every `$name` in it replaced; the same node where there is none."""
        value = node.value
        if isinstance(value, str):
            return self._scalar(node, value) if value.startswith("$") else node
        if isinstance(value, dict):
            fresh = {key: self.put_into(child) for key, child in value.items()}
            changed = any(fresh[key] is not child for key, child in value.items())
            return _like(node, fresh) if changed else node
        if isinstance(value, list):
            items = [self.put_into(child) for child in value]
            changed = any(new is not old for new, old in zip(items, value, strict=True))
            return _like(node, items) if changed else node
        return node

    def _scalar(self, node: Node, text: str) -> Node:
        found = _NAME.fullmatch(text)
        if found is None:
            return node
        escaped, name = found.groups()
        if escaped:
            return Node(text[1:], node.source, node.mark, node.style)
        return self._named(name, node)

    def _named(self, name: str, node: Node) -> Node:
        if name not in self.named:
            known = ", ".join(f"`{one}`" for one in sorted(self.named)) or "none"
            help_line = did_you_mean(name, self.named) or f"known here: {known}; `$$` is a `$`"
            message = f"nothing is called `{name}` here"
            self.findings.append(at_node(RULE, message, node, help=help_line))
            return node
        self.used.add(name)
        return self.named[name]

    def put_into_name(self, node: Node) -> Node:
        """A case's name with the row's values in place of `{column}`."""

        def shown(found: re.Match[str]) -> str:
            value: Any = self._named(found[1], node).plain()
            return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

        return Node(_IN_TEXT.sub(shown, node.value), node.source, node.mark, node.style)


def expand_case(case: Node, shared: Values) -> Sequence[Node]:
    """The case, or with `each` one case for every row of its table.

    Findings go to `shared`. A table of the wrong shape is left for the shape check to refuse.
    """
    if not case.is_map:
        return [case]
    table = case.get("each")
    if table is None:
        return [shared.put_into(case)]
    rows = list(table.elements())
    if not rows or not all(row.is_map for row in rows):
        return [case]
    body = _without(case, "each")
    cases: list[Node] = []
    unused: dict[str, Node] = {}
    for row in rows:
        full = shared.put_into(row)
        columns = dict(full.items())
        for column in columns.keys() & shared.named.keys():
            message = f"{quoted(column)} is a column and one of the `values`: it could mean either"
            shared.findings.append(at_key(RULE, message, row, column, help="rename the column"))
        values = Values({**shared.named, **columns}, findings=shared.findings)
        cases.append(_filled(body, values))
        shared.used |= values.used & shared.named.keys()
        unused |= {column: row for column in columns if column not in values.used}
    for column, row in unused.items():
        message = f"the column {quoted(column)} is not used by the case"
        help_line = f"write `${column}` where its value belongs, or remove it"
        shared.findings.append(at_key(RULE, message, row, column, help=help_line))
    return cases


def _filled(body: Node, values: Values) -> Node:
    name = body.get("name")
    filled = values.put_into(body)
    if name is None or not isinstance(name.value, str):
        return filled
    return _like(filled, {**filled.value, "name": values.put_into_name(name)})


def _without(node: Node, key: str) -> Node:
    """The map without a key and its mark: a mark alone stands for a key that was refused."""
    value = {name: child for name, child in node.items() if name != key}
    marks = {name: mark for name, mark in (node.key_marks or {}).items() if name != key}
    return Node(value, node.source, node.mark, None, marks)


def _like(node: Node, value: Any) -> Node:
    return Node(value, node.source, node.mark, node.style, node.key_marks)
