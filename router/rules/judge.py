"""The one judgement on a policy root: what lint reports and what a running service obeys.

Read, compile, apply the rules. One error anywhere and there is no policy set; so nothing can load
that lint rejects, and nothing is rejected that lint accepts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import NamedTuple

from router.catalog.models import Catalog
from router.compiler.compilation import CompiledTask
from router.compiler.compile import CompileCache, compile_documents
from router.compiler.model import PolicySet
from router.policy.burst import burst
from router.policy.loader import DocumentCache, load_documents
from router.policy.nodes import SourceText
from router.policy.sources import Sources
from router.rules.base import Facts, Rule
from router.rules.prompts import forget
from router.rules.registry import checking_rules
from router.types import Finding, Severity

__all__ = ["JudgeCache", "Judgement", "judge"]


class Judgement(NamedTuple):
    """What is to be said of a policy root, and the set that may be served if nothing is wrong.

    `policy_set` is None where a finding is an error, and where there is no policy at all.
    `findings` are sorted by place; `files` are all that were read, relative to the root. `tasks`
    are those that link, with the places they are written at.
    """

    policy_set: PolicySet | None
    findings: tuple[Finding, ...]
    files: tuple[str, ...] = ()
    tasks: tuple[CompiledTask, ...] = ()


class _Checked(NamedTuple):
    """What the rules said of a task, and all that could make them say something else."""

    compiled: CompiledTask
    context: tuple[object, ...]
    findings: tuple[Finding, ...]

    def holds(self, compiled: CompiledTask, context: tuple[object, ...]) -> bool:
        # The node by identity: a file that was read again may have moved every place in it.
        return (
            self.compiled.node is compiled.node
            and self.compiled.task.revision == compiled.task.revision
            and self.context == context
        )


_Text = tuple[tuple[int, int], tuple[Finding, ...]]
"""Length and hash of a file's bytes, and what was said of them."""


class JudgeCache:
    """What earlier judgements of one root found; only what changed is worked on again.

    For one judgement at a time.
    """

    def __init__(self) -> None:
        self.documents = DocumentCache()
        self.compilation = CompileCache()
        self.tasks: dict[str, _Checked] = {}
        self.texts: dict[str, _Text] = {}


def judge(
    sources: Sources,
    catalog: Catalog,
    *,
    today: date,
    cache: JudgeCache | None = None,
    infos: bool = False,
    counted: Mapping[str, int] | None = None,
) -> Judgement:
    """Judges everything under one policy root.

    Args:
        sources: one consistent reading of the root.
        today: the day (UTC) by which lifecycles and prices are judged.
        cache: pass the same one to each judgement of a root.
        infos: also apply the rules that only inform. Nothing is refused for them, so a service
            does not pay for what only lint shows.
        counted: tokens that the API has counted, for rules that else estimate them.
    """
    with burst():
        noting, known = _Noting(sources), cache or JudgeCache()
        return _judge(noting, catalog, today, known, infos, counted or {})


def _judge(
    sources: _Noting,
    catalog: Catalog,
    today: date,
    cache: JudgeCache,
    infos: bool,
    counted: Mapping[str, int],
) -> Judgement:
    loaded = load_documents(sources, cache.documents)
    compilation = compile_documents(
        loaded.documents,
        sources,
        catalog,
        today=today,
        findings_before=loaded.findings,
        cache=cache.compilation,
    )
    facts = Facts(
        catalog,
        today,
        tasks={compiled.task.name: compiled for compiled in compilation.tasks},
        models={document.file: document.models for document in loaded.documents},
        documents=loaded.documents,
        counted=counted,
    )
    policy_set = compilation.policy_set
    files = sorted(sources.given)
    before = (*loaded.findings, *compilation.findings)
    rules = [rule for rule in checking_rules() if infos or rule.severity is not Severity.INFO]
    found = _check_texts(rules, [(file, sources.given[file]) for file in files], cache)
    found += _check_tasks(rules, compilation.tasks, facts, cache)
    if all(finding.severity is not Severity.ERROR for finding in loaded.findings):
        found += _check_set(rules, facts)
    findings = _in_order(before, found)
    if policy_set is not None and any(f.severity is Severity.ERROR for f in findings):
        policy_set = None
    if policy_set is not None and not policy_set.tasks and not sources.policy_files():
        policy_set = None
    if policy_set is not None and policy_set.findings != findings:
        policy_set = replace(policy_set, findings=findings)
    return Judgement(policy_set, findings, tuple(files), compilation.tasks)


class _Noting:
    """Sources that know which files they have given, whether or not anything came of them."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self.given: dict[str, bytes] = {}

    def policy_files(self) -> tuple[str, ...]:
        return self._sources.policy_files()

    def read(self, path: str) -> bytes:
        data = self.given.get(path)
        if data is None:
            data = self.given[path] = self._sources.read(path)
        return data


# --- the rules on tasks --------------------------------------------------------------------------


def _check_tasks(
    rules: Sequence[Rule], tasks: Sequence[CompiledTask], facts: Facts, cache: JudgeCache
) -> list[Finding]:
    found: list[Finding] = []
    fresh = False
    checked: dict[str, _Checked] = {}
    for compiled in tasks:
        name = compiled.task.name
        context = (len(rules), *_context(compiled, facts))
        known = cache.tasks.get(name)
        if known is None or not known.holds(compiled, context):
            known = _Checked(compiled, context, tuple(_apply(rules, compiled, facts)))
            fresh = True
        checked[name] = known
        found += known.findings
    cache.tasks = checked
    for compiled in tasks if fresh else ():
        forget(compiled)  # only now: rules also look at the tasks that verify a task
    return found


def _apply(rules: Iterable[Rule], compiled: CompiledTask, facts: Facts) -> Iterator[Finding]:
    for rule in rules:
        if rule.check is not None:
            yield from rule.check(compiled, facts)


def _check_set(rules: Iterable[Rule], facts: Facts) -> Iterator[Finding]:
    """What can be said of all files together: only where none of them is missing."""
    for rule in rules:
        if rule.check_set is not None:
            yield from rule.check_set(facts)


def _context(compiled: CompiledTask, facts: Facts) -> tuple[object, ...]:
    """What rules may look at beside the task and its verifiers, which its revision covers."""
    models = facts.models.get(compiled.file, {})
    return facts.today, facts.catalog.digest, facts.counted, *models.values()


# --- the rules on texts --------------------------------------------------------------------------


def _check_texts(
    rules: Iterable[Rule], files: Iterable[tuple[str, bytes]], cache: JudgeCache
) -> list[Finding]:
    checks = [rule.check_text for rule in rules if rule.check_text is not None]
    found: list[Finding] = []
    checked: dict[str, _Text] = {}
    for file, data in files:
        digest = len(data), hash(data)
        known = cache.texts.get(file)
        if known is None or known[0] != digest:
            text = _text(file, data)
            said = (finding for check in checks for finding in check(text)) if text else ()
            known = (digest, tuple(said))
        checked[file] = known
        found += known[1]
    cache.texts = checked
    return found


def _text(file: str, data: bytes) -> SourceText | None:
    """The text of a file; None for images and other files that are none."""
    try:
        return SourceText(file, data.decode("utf-8").removeprefix("\ufeff"))
    except UnicodeDecodeError:
        return None


# --- all findings --------------------------------------------------------------------------------


def _in_order(before: Iterable[Finding], found: Iterable[Finding]) -> tuple[Finding, ...]:
    """Sorted by place, none twice, and without what an error at the same place explains."""
    unique: Mapping[tuple[object, ...], Finding] = {
        (one.rule, one.span, one.message): one for one in (*found, *before)
    }
    wrong: dict[object, str] = {}
    for one in unique.values():
        if one.severity is Severity.ERROR:
            wrong.setdefault(one.span, one.rule)
    kept = [
        one
        for one in unique.values()
        if one.severity is Severity.ERROR or one.span not in wrong or wrong[one.span] == one.rule
    ]
    return tuple(sorted(kept, key=lambda one: (one.span, one.rule, one.message)))
