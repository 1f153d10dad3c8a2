"""What the passes share: the desk of one document, and the work on one of its tasks."""

from __future__ import annotations

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


class Desk:
    """One document being compiled. `needs` are the files it turned out to need, with their bytes.

    A file that could not be given is there with None: the document is worth another look when
    the file appears.
    """

    def __init__(self, document: Document, sources: Sources, catalog: Catalog) -> None:
        self.document = document
        self.sources = sources
        self.catalog = catalog
        self.findings: list[Finding] = []
        self.needs: dict[str, bytes | None] = {}
        self.pins: dict[str, Pin | None] = {}  # None: known to be wrong

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


class Work:
    """One task being compiled: each pass fills in its part and adds what it has to say."""

    def __init__(self, desk: Desk, name: str, node: Node, key: Node) -> None:
        self.desk = desk
        self.name = name
        self.node = node
        self.key = key  # the task's name where it is written
        self.findings: list[Finding] = []
        self.needs: dict[str, bytes] = {}  # files that made this task
        self.input: CompiledSchema | None = None
        self.output: CompiledSchema | None = None
        self.broken: set[str] = set()  # parts that later passes must not judge
        self.prompt = Prompt((), ())
        self.tools: tuple[dict[str, Any], ...] = ()
        self.tool_choice: dict[str, Any] | None = None
        self.conditions: dict[int, Expression] = {}  # by id of the `when` node
        self.tiers: tuple[Tier, ...] = ()
        self.start: tuple[StartRule, ...] = ()
        self.fallback: tuple[str, ...] | None = None
        self.escalate: dict[str, tuple[EscalateRule, ...]] = {}
        self.confidence: Confidence | None = None

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
