"""Lint of one policy root, wherever its texts come from: the disk, or an editor's buffers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import NamedTuple

from router.catalog.models import Catalog
from router.compiler.compilation import CompiledTask
from router.lint.config import LintConfig
from router.lint.report import Hidden
from router.policy.sources import SourceError, Sources
from router.rules.base import Facts
from router.rules.judge import JudgeCache, Judgement, judge
from router.types import Finding

__all__ = ["Count", "Linted", "lint_sources"]

Count = Callable[[Sequence[CompiledTask], Facts], Mapping[str, int]]
"""Answers to the questions of `router.rules.counts`, by their keys."""

_MARK = b"router:"  # what every suppressing comment begins with


class Linted(NamedTuple):
    """What lint says of one root; files are relative to it.

    `uses` has, by policy, every file that it depends on: itself, parents, templates, schemas.
    """

    findings: tuple[Finding, ...]
    hidden: tuple[Hidden, ...]
    files: tuple[str, ...]
    uses: Mapping[str, frozenset[str]] = MappingProxyType({})
    empty: bool = False  # every policy can be read, and none has a task


def lint_sources(
    sources: Sources,
    catalog: Catalog,
    *,
    today: date,
    config: LintConfig | None = None,
    root: str = "",
    cache: JudgeCache | None = None,
    count: Count | None = None,
) -> Linted:
    """Judges a root and takes out what comments and configuration suppress. Opens no file itself.

    Args:
        sources: one reading of the root, from the disk or with unsaved texts over it.
        today: the day (UTC) by which lifecycles and prices are judged.
        root: the root's absolute path, for the globs of the configuration.
        cache: pass the same one to each lint of a root, and only what changed is worked on.
        count: asks for the tokens of what never changes in the prompts; else they are estimated.
    """
    cache = cache if cache is not None else JudgeCache()
    judgement = judge(sources, catalog, today=today, cache=cache, infos=True)
    if count is not None:
        counted = count(judgement.tasks, Facts(catalog, today))
        judgement = judge(sources, catalog, today=today, cache=cache, infos=True, counted=counted)
    left, hidden = _without_suppressed(judgement, sources)
    findings = []
    for finding in left:
        reason = config and config.ignores(finding, f"{root}/{finding.span.file}")
        if reason:
            hidden.append(Hidden(finding, "configuration", reason))
        else:
            findings.append(config.lowered(finding) if config else finding)
    return Linted(tuple(findings), tuple(hidden), judgement.files, _uses(cache), _empty(judgement))


def _empty(judgement: Judgement) -> bool:
    return judgement.policy_set is not None and not judgement.policy_set.tasks


def _without_suppressed(
    judgement: Judgement, sources: Sources
) -> tuple[tuple[Finding, ...], list[Hidden]]:
    texts = [(file, data) for file in judgement.files if _MARK in (data := _read(sources, file))]
    if not texts:
        return judgement.findings, []
    from router.lint.suppressions import suppress  # few policies have such a comment

    findings, hidden = suppress(
        judgement.findings, texts, complete=judgement.policy_set is not None
    )
    return findings, list(hidden)


def _uses(cache: JudgeCache) -> dict[str, frozenset[str]]:
    compiled = cache.compilation.documents
    return {
        policy: frozenset(
            [path for path, _ in resolved.needs]
            + list(compiled[policy].needs if policy in compiled else ())
        )
        for policy, resolved in cache.documents.resolved.items()
    }


def _read(sources: Sources, path: str) -> bytes:
    try:
        return sources.read(path)
    except SourceError:
        return b""
