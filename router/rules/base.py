"""What a rule is: a name, five short texts for its page, and, for most, a check.

Rules are pure: a linked task and facts in, findings out. What the reader and the compiler find on
their way has a rule without a check here, so that every finding's name leads to a page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Literal, NamedTuple

from router.catalog.lookup import Verdict
from router.catalog.models import Catalog, Model
from router.compiler.compilation import CompiledTask
from router.compiler.model import Tier
from router.policy.document import Document
from router.policy.findings import at_key, at_node, at_place
from router.policy.nodes import Node, SourceText
from router.types import Finding, Fix, Severity, Span

__all__ = ["Check", "Facts", "Mends", "Needs", "Rule", "SetCheck", "TextCheck"]


class Facts:
    """What rules know beyond the task they look at.

    Args:
        today: the day (UTC) by which lifecycles and prices are judged.
        tasks: every task that links, by name.
        models: the names for pins, by the policy file they are in force in.
        documents: every policy file, where each could be read.
        counted: tokens that the API has counted, by the keys of `counts.questions`.
    """

    __slots__ = ("catalog", "counted", "documents", "models", "tasks", "today", "verdicts")

    def __init__(
        self,
        catalog: Catalog,
        today: date,
        tasks: Mapping[str, CompiledTask] | None = None,
        models: Mapping[str, Mapping[str, Node]] | None = None,
        *,
        documents: Sequence[Document] = (),
        counted: Mapping[str, int] | None = None,
    ) -> None:
        self.catalog = catalog
        self.today = today
        self.tasks = tasks or {}
        self.models = models or {}
        self.documents = documents
        self.counted = counted or {}
        self.verdicts: dict[str, Verdict] = {}  # the catalog's word on models, as rules ask for it

    def model(self, tier: Tier) -> Model | None:
        """The catalog's entry of a tier's model; None for local tiers and unknown models.

        An alias gives the model that it stands for, so that other rules can go on speaking.
        """
        if tier.local:
            return None
        catalog = self.catalog
        return catalog.get(tier.model) or catalog.get(catalog.aliases.get(tier.model, ""))


Check = Callable[[CompiledTask, Facts], Iterable[Finding]]
TextCheck = Callable[[SourceText], Iterable[Finding]]
SetCheck = Callable[[Facts], Iterable[Finding]]
Needs = Literal["policy", "catalog", "estimates"]
"""What a rule looks at: the policy alone, also the shipped catalog, also tokens estimated by it."""
Mends = Literal["no", "safe", "unsafe", "either"]
"""Whether findings of a rule carry fixes, and of which kind; not each of them need have one."""


class Rule(NamedTuple):
    """One rule and its page.

    Args:
        name: the file's name with dashes; what findings carry.
        severity: of its findings, unless one says otherwise.
        summary: a sentence: what it catches.
        avoid, prefer: small examples in YAML.
        why: what goes wrong otherwise.
        configure: what an author can do where the rule does not suit; empty where no more is to
            be said than of any rule of its severity.
        needs: what it looks at beside the policy.
        mends: whether its findings carry fixes.
        check: on each task that links. None: the reader or the compiler finds it.
        check_text: on the text of each file that is read, templates included.
        check_set: once, on all policy files together, where each could be read.
        lint_only: it speaks about comments for the linter, which start and reload do not read.
    """

    name: str
    severity: Severity
    summary: str
    avoid: str
    prefer: str
    why: str
    configure: str = ""
    needs: Needs = "policy"
    mends: Mends = "no"
    check: Check | None = None
    check_text: TextCheck | None = None
    check_set: SetCheck | None = None
    lint_only: bool = False

    def at(
        self,
        node: Node,
        message: str,
        help: str | None = None,  # noqa: A002 - the name of the field in Finding
        *,
        key: str | None = None,
        severity: Severity | None = None,
        notes: Sequence[str] = (),
        fix: Fix | None = None,
    ) -> Finding:
        """A finding of this rule at a value, or at one of a map's keys."""
        severity = severity or self.severity
        if key is None:
            return at_node(
                self.name, message, node, severity=severity, help=help, notes=notes, fix=fix
            )
        return at_key(
            self.name, message, node, key, severity=severity, help=help, notes=notes, fix=fix
        )

    def at_place(
        self,
        place: tuple[SourceText, Span],
        message: str,
        help: str | None = None,  # noqa: A002 - as above
        *,
        severity: Severity | None = None,
        notes: Sequence[str] = (),
        fix: Fix | None = None,
    ) -> Finding:
        """A finding of this rule at a span of a text."""
        source, span = place
        severity = severity or self.severity
        return at_place(
            self.name, message, source, span, severity=severity, help=help, notes=notes, fix=fix
        )
