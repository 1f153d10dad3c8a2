"""Both sides through the one judgement, as a reload would judge them today."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from router.catalog.models import Catalog
from router.compiler.compilation import CompiledTask
from router.compiler.compile import compile_documents
from router.diffing.sides import Side
from router.lint.config import LintConfig
from router.lint.sources import Linted, lint_sources
from router.policy.loader import load_documents
from router.policy.sources import SourceError
from router.rules.base import Facts
from router.rules.judge import JudgeCache
from router.types import Finding, Severity

__all__ = ["Judged", "judged"]


@dataclass(frozen=True, slots=True)
class Judged:
    """A side, its tasks beside the nodes they came from, and what lint says of it."""

    side: Side
    linted: Linted
    tasks: Mapping[str, CompiledTask]
    facts: Facts
    unlinked: tuple[Finding, ...]  # errors of the loader and the compiler

    @property
    def errors(self) -> tuple[Finding, ...]:
        """What a reload would refuse today; files as they are reached from here."""
        found = [one for one in self.linted.findings if one.severity is Severity.ERROR]
        return tuple(self.placed(one) for one in found)

    def placed(self, finding: Finding) -> Finding:
        """The finding with its file named so that it can be found from here."""
        shown = self.side.shown
        if not shown:
            return finding
        joint = "" if shown.endswith((":", "/")) else "/"
        span = replace(finding.span, file=f"{shown}{joint}{finding.span.file}")
        return replace(finding, span=span)

    def read(self, path: str) -> bytes:
        """The bytes of a file that was judged."""
        return self.side.sources.read(path)

    def bytes_of(self, path: str) -> bytes | None:
        """The bytes of a file; None where there is none."""
        try:
            return self.side.sources.read(path)
        except SourceError:
            return None


def judged(side: Side, catalog: Catalog, today: date, *, lint: LintConfig | None = None) -> Judged:
    """Judges a side exactly as a reload would, and lints it as the project wants it."""
    cache = JudgeCache()
    linted = lint_sources(
        side.sources, catalog, today=today, config=lint, root=side.root, cache=cache
    )
    # Once more out of the cache: the judgement keeps no nodes, and what things cost needs them.
    loaded = load_documents(side.sources, cache.documents)
    linked = compile_documents(
        loaded.documents,
        side.sources,
        catalog,
        today=today,
        findings_before=loaded.findings,
        cache=cache.compilation,
    )
    tasks = {compiled.task.name: compiled for compiled in linked.tasks}
    models = {document.file: document.models for document in loaded.documents}
    unlinked = [
        one for one in (*loaded.findings, *linked.findings) if one.severity is Severity.ERROR
    ]
    facts = Facts(catalog, today, tasks, models)
    return Judged(side, linted, tasks, facts, tuple(unlinked))
