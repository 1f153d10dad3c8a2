"""Documents -> Compilation: an ordered list of small passes, and what need not be done again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, NamedTuple

from router.catalog.models import Catalog
from router.compiler.compilation import Compilation, CompiledTask
from router.compiler.digest import link_revisions, set_revision, task_revision
from router.compiler.model import PolicySet, Task
from router.compiler.passes.conditions import compile_conditions
from router.compiler.passes.models import resolve_models
from router.compiler.passes.prompt import read_prompt
from router.compiler.passes.schemas import read_schemas
from router.compiler.passes.settings import read_settings
from router.compiler.passes.signals import link_signals
from router.compiler.passes.tiers import link_tiers
from router.compiler.passes.tools import read_tools
from router.compiler.passes.verifiers import link_verifiers, verifiers_of
from router.compiler.passes.work import Desk, Work
from router.policy.document import Document
from router.policy.sources import SourceError, Sources
from router.types import Finding, Severity

__all__ = ["PASSES", "CompileCache", "compile_documents"]

PASSES: tuple[Callable[[Work], None], ...] = (
    read_schemas,
    read_prompt,
    read_tools,
    compile_conditions,
    link_tiers,
    link_signals,
)
"""What is done to each task, in this order; `resolve_models` comes before, once a document."""


class _Compiled(NamedTuple):
    """One document's tasks, what was said of it, and all that this depends on."""

    document: Document
    catalog: str
    needs: dict[str, bytes | None]
    tasks: tuple[CompiledTask, ...]
    broken: tuple[str, ...]  # tasks that do not link
    findings: tuple[Finding, ...]

    def holds(self, document: Document, catalog: str, sources: Sources) -> bool:
        # The document by identity: the loader gives the same one as long as its bytes are.
        return (
            self.document is document
            and self.catalog == catalog
            and all(_read(sources, path) == data for path, data in self.needs.items())
        )


class CompileCache:
    """What earlier compilations of one root made; only documents that changed are made again.

    For one compilation at a time. It forgets documents that are no longer there.
    """

    def __init__(self) -> None:
        self.documents: dict[str, _Compiled] = {}


def compile_documents(
    documents: Sequence[Document],
    sources: Sources,
    catalog: Catalog,
    *,
    today: date,
    findings_before: Sequence[Finding] = (),
    cache: CompileCache | None = None,
) -> Compilation:
    """Link and check all documents of a root.

    Args:
        documents: as the loader gives them, every shape right.
        sources: the same reading of the root that the documents come from.
        catalog: which models exist.
        today: the day (UTC); no pass looks at it, so that the same files always link alike.
            Lifecycles and prices are judged by the rules.
        findings_before: what the loader found; an error among it means no policy set.
        cache: pass the same one to each compilation of a root.
    """
    known = cache.documents if cache is not None else {}
    made: dict[str, _Compiled] = {}
    for document in documents:
        earlier = known.get(document.file)
        if earlier is None or not earlier.holds(document, catalog.digest, sources):
            earlier = _compile(document, sources, catalog)
        made[document.file] = earlier
    if cache is not None:
        cache.documents = made
    findings = [finding for one in made.values() for finding in one.findings]
    tasks = {compiled.task.name: compiled for one in made.values() for compiled in one.tasks}
    unfit = list(
        link_verifiers(tasks, frozenset(name for one in made.values() for name in one.broken))
    )
    for name, finding in unfit:
        findings.append(finding)
        tasks.pop(name, None)
    linked = tuple(_revised(tasks).values())
    said = _once(findings)
    everything = (*findings_before, *said)
    policy_set = None
    if not any(finding.severity is Severity.ERROR for finding in everything):
        policy_set = PolicySet(
            set_revision({compiled.task.name: compiled.task.revision for compiled in linked}),
            {compiled.task.name: compiled.task for compiled in linked},
            _files(made.values()),
            _once(everything),
        )
    return Compilation(policy_set, linked, said)


def _compile(document: Document, sources: Sources, catalog: Catalog) -> _Compiled:
    desk = Desk(document, sources, catalog)
    resolve_models(desk)
    works = [
        Work(desk, name, node, document.task_names[name]) for name, node in document.tasks.items()
    ]
    tasks = []
    broken = []
    for work in works:
        for apply in PASSES:
            apply(work)
        task = _task(work)
        if task is None:
            broken.append(work.name)
        else:
            tasks.append(CompiledTask(task, work.node, work.key, document.file))
    findings = [*desk.findings, *(finding for work in works for finding in work.findings)]
    return _Compiled(
        document, catalog.digest, desk.needs, tuple(tasks), tuple(broken), tuple(findings)
    )


def _task(work: Work) -> Task | None:
    """The task, or None where it does not link."""
    settings = read_settings(work)
    tiers = work.node.get("tiers")
    if work.failed or len(work.tiers) != len(list(tiers.elements()) if tiers is not None else ()):
        return None
    revision = task_revision(
        work.name,
        work.node.plain(),
        [(tier.model, tier.local) for tier in work.tiers],
        work.needs,
        work.desk.catalog.digest,
        ordered=_ordered(work),
    )
    return Task(
        name=work.name,
        revision=revision,
        prompt=work.prompt,
        tiers=work.tiers,
        input=work.input,
        output=work.output,
        tools=work.tools,
        tool_choice=work.tool_choice,
        start=work.start,
        confidence=work.confidence,
        fallback=work.fallback,
        span=work.key.span,
        **settings,
    )


def _ordered(work: Work) -> Any:
    """What is sent in the order in which it is written: the model answers in that order."""
    if work.output is None and not work.tools:
        return None
    return [None if work.output is None else work.output.source, work.tools]


def _revised(tasks: dict[str, CompiledTask]) -> dict[str, CompiledTask]:
    """The same tasks; a verified one has its verifiers' behaviour in its revision."""
    own = {name: compiled.task.revision for name, compiled in tasks.items()}
    for name, compiled in list(tasks.items()):
        others = [own[other] for other in _all_verifiers(name, tasks)]
        if others:
            revision = link_revisions(compiled.task.revision, others)
            tasks[name] = compiled._replace(task=replace(compiled.task, revision=revision))
    return tasks


def _all_verifiers(name: str, tasks: dict[str, CompiledTask]) -> list[str]:
    found: list[str] = []
    pending = list(verifiers_of(tasks[name].task))
    while pending:
        other = pending.pop()
        if other in tasks and other not in found and other != name:
            found.append(other)
            pending.extend(verifiers_of(tasks[other].task))
    return sorted(found)


def _files(made: Iterable[_Compiled]) -> tuple[str, ...]:
    files: set[str] = set()
    for one in made:
        files.update((one.document.file, *one.document.parents))
        files.update(path for path, data in one.needs.items() if data is not None)
    return tuple(sorted(files))


def _read(sources: Sources, path: str) -> bytes | None:
    try:
        return sources.read(path)
    except SourceError:
        return None


def _once(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Sorted by place, none twice: a parent's fault is not repeated for each of its children."""
    unique = {(one.rule, one.span, one.message): one for one in findings}
    return tuple(sorted(unique.values(), key=lambda one: (one.span, one.rule, one.message)))
