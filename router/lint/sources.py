"""Lint of one policy root, wherever its texts come from: the disk, or an editor's buffers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from router.catalog.models import Catalog
from router.lint.config import LintConfig
from router.lint.report import Hidden
from router.lint.suppressions import suppress
from router.policy.sources import SourceError, Sources
from router.rules.judge import JudgeCache, judge
from router.types import Finding

__all__ = ["Linted", "lint_sources"]


@dataclass(frozen=True, slots=True)
class Linted:
    """What lint says of one root; files are relative to it.

    `uses` has, by policy, every file that it depends on: itself, parents, templates, schemas.
    """

    findings: tuple[Finding, ...]
    hidden: tuple[Hidden, ...]
    files: tuple[str, ...]
    uses: Mapping[str, frozenset[str]] = field(default_factory=dict)


def lint_sources(
    sources: Sources,
    catalog: Catalog,
    *,
    today: date,
    config: LintConfig | None = None,
    root: str = "",
    cache: JudgeCache | None = None,
) -> Linted:
    """Judges a root and takes out what comments and configuration suppress. Opens no file itself.

    Args:
        sources: one reading of the root, from the disk or with unsaved texts over it.
        today: the day (UTC) by which lifecycles and prices are judged.
        root: the root's absolute path, for the globs of the configuration.
        cache: pass the same one to each lint of a root, and only what changed is worked on.
    """
    cache = cache if cache is not None else JudgeCache()
    judgement = judge(sources, catalog, today=today, cache=cache, infos=True)
    texts = [(file, data) for file in judgement.files if (data := _read(sources, file)) is not None]
    left = suppress(judgement.findings, texts, complete=judgement.policy_set is not None)
    if config is None:
        return Linted(*left, judgement.files, _uses(cache))
    findings, hidden = [], list(left.hidden)
    for finding in left.findings:
        reason = config.ignores(finding, f"{root}/{finding.span.file}")
        if reason is None:
            findings.append(config.lowered(finding))
        else:
            hidden.append(Hidden(finding, "configuration", reason))
    return Linted(tuple(findings), tuple(hidden), judgement.files, _uses(cache))


def _uses(cache: JudgeCache) -> dict[str, frozenset[str]]:
    compiled = cache.compilation.documents
    return {
        policy: frozenset(
            [path for path, _ in resolved.needs]
            + list(compiled[policy].needs if policy in compiled else ())
        )
        for policy, resolved in cache.documents.resolved.items()
    }


def _read(sources: Sources, path: str) -> bytes | None:
    try:
        return sources.read(path)
    except SourceError:
        return None
