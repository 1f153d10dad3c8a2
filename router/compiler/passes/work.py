"""What the passes share: the desk of one document, and the work on one of its tasks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from router.catalog.models import Catalog
from router.compiler.evaluation import Expression
from router.compiler.model import Confidence, EscalateRule, Prompt, StartRule, Tier
from router.compiler.schemas import CompiledSchema
from router.policy.document import Document
from router.policy.findings import at_node, quoted
from router.policy.nodes import Node
from router.policy.paths import PathEscape, resolve_path
from router.policy.sources import SourceError, Sources
from router.types import Finding, Fix, Severity

__all__ = ["Desk", "Pin", "Work", "source_fault"]


class Pin(NamedTuple):
    """What a model's name stands for. `local` ones are served by the deployment's own machines."""

    id: str
    local: bool = False


@dataclass(slots=True)
class Desk:
    """One document being compiled. `needs` are the files it turned out to need, with their bytes.

    A file that could not be given is there with None: the document is worth another look when
    the file appears.
    """

    document: Document
    sources: Sources
    catalog: Catalog
    findings: list[Finding] = field(default_factory=list)
    needs: dict[str, bytes | None] = field(default_factory=dict)
    pins: dict[str, Pin | None] = field(default_factory=dict)  # None: known to be wrong

    def read(self, path: str) -> bytes:
        """One file of the root.

        Raises:
            SourceError: it cannot be given.
        """
        try:
            data = self.sources.read(path)
        except SourceError:
            self.needs[path] = None
            raise
        self.needs[path] = data
        return data


@dataclass(slots=True)
class Work:
    """One task being compiled: each pass fills in its part and adds what it has to say."""

    desk: Desk
    name: str
    node: Node
    key: Node  # the task's name where it is written
    findings: list[Finding] = field(default_factory=list)
    needs: dict[str, bytes] = field(default_factory=dict)  # files that made this task
    input: CompiledSchema | None = None
    output: CompiledSchema | None = None
    broken: set[str] = field(default_factory=set)  # parts that later passes must not judge
    prompt: Prompt = field(default_factory=lambda: Prompt((), ()))
    tools: tuple[dict[str, Any], ...] = ()
    tool_choice: dict[str, Any] | None = None
    conditions: dict[int, Expression] = field(default_factory=dict)  # by id of the `when` node
    tiers: tuple[Tier, ...] = ()
    start: tuple[StartRule, ...] = ()
    fallback: tuple[str, ...] | None = None
    escalate: dict[str, tuple[EscalateRule, ...]] = field(default_factory=dict)
    confidence: Confidence | None = None

    @property
    def inputs(self) -> frozenset[str] | None:
        """The inputs' names; None where the input schema is broken and so nothing is known."""
        if "input" in self.broken:
            return None
        return frozenset(self.input.names) if self.input is not None else frozenset()

    @property
    def failed(self) -> bool:
        return any(finding.severity is Severity.ERROR for finding in self.findings)

    def say(
        self,
        rule: str,
        message: str,
        node: Node,
        help_: str | None = None,
        fix: Fix | None = None,
    ) -> None:
        self.findings.append(at_node(rule, message, node, help=help_, fix=fix))

    def fetch(self, node: Node) -> tuple[str, bytes] | None:
        """The file that a node names, relative to the file the node is written in."""
        written = str(node.value)
        try:
            path = resolve_path(written, node.source.file)
        except PathEscape as error:
            self.say("path-escape", f"{quoted(written)} is {error}", node)
            return None
        try:
            data = self.desk.read(path)
        except SourceError as error:
            rule, message = source_fault(path, error)
            hint = f"the path is taken from where {node.source.file} lies"
            self.say(rule, message, node, hint if rule == "missing-file" else None)
            return None
        self.needs[path] = data
        return path, data


def source_fault(path: str, error: SourceError) -> tuple[str, str]:
    """The rule and the message for a file that cannot be given."""
    if error.reason == "missing":
        return "missing-file", f"there is no file {quoted(path)}"
    rule = "path-escape" if error.reason == "outside_root" else "unreadable-file"
    return rule, f"{quoted(path)} cannot be read: {error.detail}"
