"""Lint: the judgement on policies, with paths as they were typed and an exit code for CI."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

from router.catalog.load import load_catalog
from router.catalog.models import Catalog
from router.lint.places import base_of
from router.lint.report import Report
from router.policy.sources import Sources
from router.reloading.sources import DirectorySources
from router.rules.judge import JudgeCache, judge
from router.types import Edit, Finding, Severity, Span

__all__ = ["lint_paths"]


def lint_paths(
    paths: Iterable[Path | str],
    *,
    root: Path | None = None,
    catalog: Catalog | None = None,
    today: date | None = None,
    fail_level: Severity = Severity.ERROR,
) -> Report:
    """Lints directories and files.

    A directory is a policy root of its own, unless it lies in `root`. What lies there is judged
    as a part of it, because its parents and verifiers do too; only findings about the given paths
    and the files they refer to are reported.

    Args:
        root: the policy root; by default `ROUTER_POLICIES`, else `policies`.
        catalog: by default the one that is shipped.
        today: the day (UTC) by which lifecycles and prices are judged; by default the clock's.
        fail_level: the mildest severity that fails.
    """
    here = Path.cwd()
    blank = Report(fail_level=fail_level, directory=str(here), base=str(base_of(here)))
    linter = _Linter(
        root or Path(os.environ.get("ROUTER_POLICIES") or "policies"),
        catalog or load_catalog(),
        today or datetime.fromtimestamp(time.time(), UTC).date(),
    )
    given = [Path(path) for path in paths]
    if not given:
        return replace(blank, problem="no path to lint")
    missing = [str(path) for path in given if not path.exists()]
    if missing:
        return replace(blank, problem=f"no such file or directory: {', '.join(missing)}")
    by_root: dict[Path, list[Path]] = {}
    for path in given:
        by_root.setdefault(linter.root_of(path), []).append(path)
    reports = [linter.lint(found, some) for found, some in by_root.items()]
    problems = [report.problem for report in reports if report.problem is not None]
    return replace(
        blank,
        findings=tuple(finding for report in reports for finding in report.findings),
        files=tuple(file for report in reports for file in report.files),
        problem="; ".join(problems) or None,
    )


class _Linter:
    def __init__(self, root: Path, catalog: Catalog, today: date) -> None:
        self._root = root
        self._catalog = catalog
        self._today = today

    def root_of(self, path: Path) -> Path:
        """The root that a path is judged in."""
        if self._root.is_dir() and _inside(path, self._root):
            return self._root
        return path if path.is_dir() else path.parent

    def lint(self, root: Path, paths: Sequence[Path]) -> Report:
        sources = DirectorySources(root)
        if not sources.policy_files():
            return Report(problem=f"no policy files under {root}")
        cache = JudgeCache()
        judgement = judge(sources, self._catalog, today=self._today, cache=cache, infos=True)
        findings, files = judgement.findings, judgement.files
        if all(not _same(path, root) for path in paths):
            chosen = _Chosen(sources, [_relative(path, root) for path in paths])
            part = judge(chosen, self._catalog, today=self._today, cache=cache, infos=True)
            wanted = {*part.files, *chosen.names}
            findings = tuple(one for one in findings if one.span.file in wanted)
            files = tuple(file for file in files if file in wanted)
            if not files and not findings:
                names = ", ".join(map(str, paths))
                return Report(problem=f"no policy under {root} has anything to do with {names}")
        shown = tuple(_shown(finding, root) for finding in findings)
        return Report(shown, tuple(str(root / file) for file in files))


class _Chosen:
    """Some of the policies of a root: those under the given paths."""

    def __init__(self, sources: Sources, names: Sequence[str]) -> None:
        self._sources = sources
        self.names = frozenset(names)
        self._folders = tuple(f"{name}/" for name in names)

    def policy_files(self) -> tuple[str, ...]:
        return tuple(
            file
            for file in self._sources.policy_files()
            if file in self.names or file.startswith(self._folders)
        )

    def read(self, path: str) -> bytes:
        return self._sources.read(path)


def _absolute(path: Path) -> Path:
    """From the working directory, without `..`; links are kept, as they are names in a root."""
    return Path(os.path.normpath(Path.cwd() / path))


def _inside(path: Path, root: Path) -> bool:
    return _absolute(path).is_relative_to(_absolute(root))


def _same(path: Path, root: Path) -> bool:
    return _absolute(path) == _absolute(root)


def _relative(path: Path, root: Path) -> str:
    return _absolute(path).relative_to(_absolute(root)).as_posix()


def _shown(finding: Finding, root: Path) -> Finding:
    """The finding with files as they are reached from here: a terminal can open them."""

    def reached(span: Span) -> Span:
        return replace(span, file=str(root / span.file))

    fix = finding.fix
    if fix is not None:
        edits = tuple(Edit(reached(edit.span), edit.text) for edit in fix.edits)
        fix = replace(fix, edits=edits)
    return replace(finding, span=reached(finding.span), fix=fix)
