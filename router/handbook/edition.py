"""What a page is made from: the tasks of a judged set, the catalog, a day, and what lint says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from router.compiler.compilation import CompiledTask
from router.compiler.model import VerifierSignal
from router.policy.nodes import Node
from router.rules.base import Facts
from router.rules.prompts import parts
from router.types import Finding, Span

__all__ = ["Edition"]


@dataclass(frozen=True, slots=True)
class Edition:
    """One set of policies on one day.

    Args:
        revision: of the policy set.
        facts: its tasks, the catalog, and the day (UTC) whose prices and lifecycles count.
        findings: what is to be told beside the tasks; files relative to the policy root.
    """

    title: str
    revision: str
    facts: Facts
    findings: tuple[Finding, ...] = ()

    @property
    def tasks(self) -> tuple[CompiledTask, ...]:
        """Every task, by name."""
        return tuple(self.facts.tasks[name] for name in sorted(self.facts.tasks))

    def findings_of(self, compiled: CompiledTask) -> tuple[Finding, ...]:
        """What is said within the task's own lines or in one of its templates."""
        return tuple(one for one in self.findings if _within(one.span, compiled))

    @property
    def other_findings(self) -> tuple[Finding, ...]:
        """What belongs to no one task: parents, files as a whole."""
        return tuple(
            one
            for one in self.findings
            if not any(_within(one.span, compiled) for compiled in self.tasks)
        )

    def judged_by(self, name: str) -> tuple[str, ...]:
        """The tasks whose answers a task verifies."""
        return tuple(
            other.task.name
            for other in self.tasks
            for signal in (other.task.confidence.signals if other.task.confidence else ())
            if isinstance(signal, VerifierSignal) and signal.task == name
        )

    def parents_of(self, compiled: CompiledTask) -> tuple[str, ...]:
        """The files that parts of the task are inherited from."""
        files = {node.source.file for node in _nodes(compiled.node)}
        return tuple(sorted(files - {compiled.file}))


def _within(place: Span, compiled: CompiledTask) -> bool:
    if place.file == compiled.file:
        node, name = compiled.node.span, compiled.name.span
        return name.line <= place.line <= node.end_line
    return place.file in _template_files(compiled)


def _template_files(compiled: CompiledTask) -> frozenset[str]:
    templates = [part.template for part in parts(compiled)]
    own = {one.file for one in templates if one is not None and one.file is not None}
    return frozenset(own.union(*(one.files for one in templates if one is not None)))


def _nodes(node: Node) -> Iterator[Node]:
    yield node
    for child in (*node.elements(), *(one for _, one in node.items())):
        yield from _nodes(child)
