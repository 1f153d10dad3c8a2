"""Document: one policy file as written, with its parents merged in and every place kept."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from router.policy.nodes import Node
from router.types import Finding

__all__ = ["Document"]


class Document(NamedTuple):
    """A policy file whose shape is right (`policy.schema.json` holds for it).

    `models` and `tasks` are resolved: file and task `extends` are merged, parent-only tasks are
    gone. A node that came from a parent keeps the parent's place.
    """

    file: str  # relative to the policy root
    models: dict[str, Node]  # name -> scalar node holding the id as written
    tasks: dict[str, Node]  # name -> map node
    task_names: dict[str, Node]  # name -> a node whose span is the task's key
    parents: tuple[str, ...]  # files merged in, nearest first
    findings: tuple[Finding, ...] = ()  # warnings; errors leave no document
    bases: Mapping[str, Node] = MappingProxyType({})  # parent-only tasks, as `task_names`
    extended: frozenset[str] = frozenset()  # tasks that another task extends
    overrides: tuple[tuple[Node, Node], ...] = ()  # parent and child, file or task, before merging
    models_map: Node | None = None  # what `models` was read from, for the places of its names
