"""Lint of the policy roots that paths lie in, as far as it is asked for."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from router.catalog.load import load_catalog
from router.catalog.models import Catalog
from router.lint.config import LintConfig
from router.lint.paths import absolute, inside, relative, renamed, root_of, same
from router.lint.report import Hidden
from router.lint.sources import Count, Linted, lint_sources
from router.policy.sources import SourceError, Sources, is_test_name
from router.reloading.sources import DirectorySources
from router.rules.judge import JudgeCache
from router.types import Finding, Severity

if TYPE_CHECKING:
    from router.lint.changes import Changes

__all__ = ["Linter", "Part"]


class Part(NamedTuple):
    """What is to be reported of one root; files as they are reached from here."""

    findings: tuple[Finding, ...] = ()
    hidden: tuple[Hidden, ...] = ()
    files: tuple[str, ...] = ()
    problem: str | None = None
    notes: tuple[str, ...] = ()
    read: Callable[[str], bytes | None] = lambda _: None  # a file by the name it has here


class Linter(NamedTuple):
    """Lints with one catalog, on one day, by one configuration.

    Args:
        root: the policy root; paths elsewhere are roots of their own.
        since: a git ref, where only what has changed since is asked for.
        counter: asks for exact tokens; else they are estimated.
    """

    root: Path
    catalog: Catalog
    today: date
    config: LintConfig
    since: str | None = None
    counter: Count | None = None

    @classmethod
    def of(
        cls,
        root: Path | None,
        catalog: Catalog | None,
        today: date | None,
        config: LintConfig,
        changed_since: str | None,
        count: Count | None = None,
    ) -> Linter:
        return cls(
            root or Path(os.environ.get("ROUTER_POLICIES") or "policies"),
            catalog or load_catalog(),
            today or datetime.fromtimestamp(time.time(), UTC).date(),
            config,
            changed_since,
            count,
        )

    def by_root(self, paths: Iterable[Path]) -> dict[Path, list[Path]]:
        """The roots that paths are judged in; one inside another is a part of that."""
        given = [(path, root_of(path, self.root)) for path in paths]
        roots = dict.fromkeys(root for _, root in given)
        outermost = sorted(roots, key=lambda root: len(absolute(root).parts))
        found: dict[Path, list[Path]] = {}
        for path, root in given:
            outer = next(one for one in outermost if inside(root, one))
            found.setdefault(outer, []).append(path)
        return found

    def lint(
        self,
        root: Path,
        paths: Sequence[Path],
        sources: Sources | None = None,
        cache: JudgeCache | None = None,
    ) -> Part:
        """Lints what is asked for of one root.

        Args:
            sources: the root's texts, where they are not those on disk.
            cache: pass the same one to each lint of a root, and only what changed is worked on.
        """
        sources = sources or DirectorySources(root)
        if not sources.policy_files():
            return Part(problem=f"no policy files under {root}")
        linted = lint_sources(
            sources,
            self.catalog,
            today=self.today,
            config=self.config,
            root=str(absolute(root)),
            cache=cache,
            count=self.counter,
        )
        notes: tuple[str, ...] = tuple(
            f"the per-path glob {glob!r} matches no file under {root}"
            for glob in self.config.idle(absolute(root), linted.files)
        )
        if all(not same(path, root) for path in paths):
            linted = _about(linted, [relative(path, root) for path in paths])
            if not linted.files and not linted.findings:
                names = ", ".join(map(str, paths))
                said = f"no policy under {root} has anything to do with {names}"
                tests = all(is_test_name(path.name) for path in paths)
                return Part(problem=f"{said}: `router test` checks it" if tests else said)
        if self.since is not None:
            real = Path(os.path.realpath(root))
            linted, reasons = _changed(linted, _changes(self.since, real), real, root)
            notes += reasons

        def shown(file: str) -> str:
            return str(root / file)

        return Part(
            tuple(renamed(finding, shown) for finding in linted.findings),
            tuple(one._replace(finding=renamed(one.finding, shown)) for one in linted.hidden),
            tuple(map(shown, linted.files)),
            problem=f"no task in the policies under {root}" if linted.empty else None,
            notes=notes,
            read=_reader(sources, root),
        )


def _changes(ref: str, directory: Path) -> Changes:
    from router.lint.changes import changed_since  # and with it subprocess

    return changed_since(ref, directory)


# --- what is asked for ----------------------------------------------------------------------------


def _about(linted: Linted, names: Sequence[str]) -> Linted:
    """What concerns some files: themselves, and what policies among them depend on."""
    folders = tuple(f"{name}/" for name in names)
    chosen = [one for one in linted.uses if one in names or one.startswith(folders)]
    wanted = {file for policy in chosen for file in linted.uses[policy]}.union(names)
    return _only(linted, lambda finding: finding.span.file in wanted, wanted)


def _changed(
    linted: Linted, since: Changes, real: Path, root: Path
) -> tuple[Linted, tuple[str, ...]]:
    """What concerns changed files, and the policies that depend on one, each with the reason.

    Errors stay wherever they are: a change in one file can be an error in another, as a name is
    that two policies now have, and one error refuses the whole set.
    """
    changed = {file for file in linted.files if since.has(real, file)}
    wanted, notes = set(changed), []
    for policy, uses in sorted(linted.uses.items()):
        because = sorted(file for file in uses if file in changed or since.has(real, file))
        if because:
            wanted |= uses
            why = "it has changed" if policy in because else f"{', '.join(because)} changed"
            notes.append(f"{root / policy}: {why} since {since.ref}")
    if not notes:
        notes.append(f"no policy under {root} has changed since {since.ref}")

    def stays(finding: Finding) -> bool:
        return finding.span.file in wanted or finding.severity is Severity.ERROR

    return _only(linted, stays, wanted), tuple(notes)


def _only(linted: Linted, stays: Callable[[Finding], bool], files: set[str]) -> Linted:
    return linted._replace(
        findings=tuple(finding for finding in linted.findings if stays(finding)),
        hidden=tuple(one for one in linted.hidden if stays(one.finding)),
        files=tuple(file for file in linted.files if file in files),
    )


def _reader(sources: Sources, root: Path) -> Callable[[str], bytes | None]:
    def read(shown: str) -> bytes | None:
        try:
            return sources.read(relative(Path(shown), root))
        except SourceError:
            return None

    return read
