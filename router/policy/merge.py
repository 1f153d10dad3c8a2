"""`extends`: maps merge deeply, lists and scalars replace, null removes what the parent has."""

from __future__ import annotations

from typing import Final

from router.policy.findings import at_node, quoted
from router.policy.nodes import Node
from router.policy.suggest import did_you_mean
from router.types import Finding

__all__ = ["MAX_EXTENDS", "ResolvedTasks", "merge", "resolve_tasks", "without"]

MAX_EXTENDS: Final = 8  # how long a chain of parents may be


def merge(parent: Node, child: Node) -> Node:
    """The child over the parent; every value and every key keeps the place it was written at.

    A null of the child that meets nothing in the parent stays, for the shape check to refuse.
    """
    if not (parent.is_map and child.is_map):
        return child
    value, marks = dict(parent.value), dict(parent.key_marks or {})
    for key, mine in child.value.items():
        theirs = value.get(key)
        if theirs is not None and mine.value is None:
            del value[key]
            del marks[key]
            continue
        value[key] = mine if theirs is None else merge(theirs, mine)
    marks.update(
        {k: m for k, m in (child.key_marks or {}).items() if not _removed(child, k, value)}
    )
    return Node(value, child.source, child.mark, None, marks)


def _removed(child: Node, key: str, merged: dict[str, Node]) -> bool:
    return key in child.value and key not in merged


def without(node: Node, *keys: str) -> Node:
    """A map without some of its keys; the node itself where it has none of them."""
    if not any(key in node.value for key in keys):
        return node
    value = {key: child for key, child in node.value.items() if key not in keys}
    marks = {key: mark for key, mark in (node.key_marks or {}).items() if key not in keys}
    return Node(value, node.source, node.mark, None, marks)


class ResolvedTasks:
    """The tasks of one document with their parents merged in.

    A task whose parents cannot be found stays as written, its `extends` included.
    """

    def __init__(self, node: Node) -> None:
        self.node = node
        self.findings: list[Finding] = []
        self.overrides: list[tuple[Node, Node]] = []  # parent and child
        self.extended: set[str] = set()  # tasks that another one extends


def resolve_tasks(tasks: Node) -> ResolvedTasks:
    """Merges into each task the task that it extends, and that one's parent, and so on."""
    resolved = ResolvedTasks(tasks)
    resolver = _Resolver(tasks, resolved)
    value = {name: resolver.resolve(name) or task for name, task in tasks.items()}
    if any(value[name] is not task for name, task in tasks.items()):
        resolved.node = Node(value, tasks.source, tasks.mark, None, tasks.key_marks)
    return resolved


class _Resolver:
    def __init__(self, tasks: Node, found: ResolvedTasks) -> None:
        self._tasks = tasks
        self._found = found
        self._done: dict[str, Node | None] = {}

    def resolve(self, name: str) -> Node | None:
        """The task with its parents merged in; None where they cannot be."""
        if name in self._done:
            return self._done[name]
        chain = self._chain(name)
        if chain is None:
            self._done[name] = None
            return None
        merged = chain[-1]
        for task in reversed(chain[:-1]):
            self._found.overrides.append((merged, task))
            merged = merge(merged, task)
        self._done[name] = without(merged, "extends") if len(chain) > 1 else merged
        return self._done[name]

    def _chain(self, name: str) -> list[Node] | None:
        """The task and its parents, nearest first; the last one extends nothing."""
        names, chain = [name], [self._tasks.value[name]]
        while (extends := chain[-1].get("extends")) is not None:
            parent = extends.value
            if not isinstance(parent, str):
                # a null or a list: for the shape check to refuse, where it stands
                return chain if len(chain) == 1 else None
            if self._done.get(parent, chain[-1]) is None:
                return None  # its fault is known
            if not self._follow(extends, parent, names):
                return None
            self._found.extended.add(parent)
            names.append(parent)
            chain.append(self._tasks.value[parent])
        return chain

    def _follow(self, extends: Node, parent: str, names: list[str]) -> bool:
        """Whether the chain goes on to `parent`; otherwise the finding that says why not."""
        if parent not in self._tasks.value:
            message = f"no task {quoted(parent)} to extend"
            help_line = did_you_mean(parent, (n for n in self._tasks.value if n != names[-1]))
            self._found.findings.append(at_node("missing-parent", message, extends, help=help_line))
        elif parent in names:
            circle = " -> ".join([*names[names.index(parent) :], parent])
            message = f"tasks extend each other in a circle: {circle}"
            self._found.findings.append(at_node("extends-cycle", message, extends))
        elif len(names) > MAX_EXTENDS:
            message = f"more than {MAX_EXTENDS} tasks extend one another"
            self._found.findings.append(at_node("extends-cycle", message, extends))
        else:
            return True
        for name in names:
            self._done[name] = None  # said once for all of the chain
        return False
