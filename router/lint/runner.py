"""Lint from the outside: paths as they were typed in, a report with paths as they are reached."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

from router.catalog.load import load_catalog
from router.catalog.models import Catalog
from router.errors import UsageError
from router.lint.baseline import Baseline, Entry, Identities, read_baseline, write_baseline
from router.lint.config import LintConfig
from router.lint.places import base_of
from router.lint.report import Hidden, Report
from router.lint.sources import Linted, lint_sources
from router.policy.sources import SourceError, Sources
from router.reloading.sources import DirectorySources
from router.types import Edit, Finding, Severity, Span

__all__ = ["lint_paths"]


def lint_paths(
    paths: Iterable[Path | str],
    *,
    root: Path | None = None,
    catalog: Catalog | None = None,
    today: date | None = None,
    config: LintConfig | None = None,
    changed_since: str | None = None,
    renew_baseline: bool = False,
) -> Report:
    """Lints directories and files.

    A directory is a policy root of its own, unless it lies in `root`. What lies there is judged
    as a part of it, because its parents and verifiers do too; only findings about the given paths
    and the files they refer to are reported.

    Args:
        root: the policy root; by default `ROUTER_POLICIES`, else `policies`.
        catalog: by default the one that is shipped.
        today: the day (UTC) by which lifecycles and prices are judged; by default the clock's.
        config: what the project does not want to hear; by default it wants to hear everything.
        changed_since: a git ref; only policies that have changed since, or that depend on a file
            that has, are reported, and errors wherever they are.
        renew_baseline: write the findings into the baseline of `config`, which hides them.

    Raises:
        UsageError: git cannot say what has changed; the baseline cannot be used.
    """
    config = config or LintConfig()
    here = Path.cwd()
    blank = Report(fail_level=config.fail_level, directory=str(here), base=str(base_of(here)))
    given = [Path(path) for path in paths]
    if not given:
        return replace(blank, problem="no path to lint")
    missing = [str(path) for path in given if not path.exists()]
    if missing:
        return replace(blank, problem=f"no such file or directory: {', '.join(missing)}")
    linter = _Linter(
        root or Path(os.environ.get("ROUTER_POLICIES") or "policies"),
        catalog or load_catalog(),
        today or datetime.fromtimestamp(time.time(), UTC).date(),
        config,
        None if changed_since is None else _Since.of(changed_since, here),
    )
    by_root: dict[Path, list[Path]] = {}
    for path in given:
        by_root.setdefault(linter.root_of(path), []).append(path)
    parts = [linter.lint(found, some) for found, some in by_root.items()]
    if config.baseline is not None:
        infos = config.fail_level is Severity.INFO
        parts = _against(config.baseline, parts, infos=infos, renew=renew_baseline)
    elif renew_baseline:
        raise UsageError("--write-baseline writes the file that --baseline or the project names")
    return replace(
        blank,
        findings=tuple(finding for part in parts for finding in part.findings),
        files=tuple(file for part in parts for file in part.files),
        problem="; ".join(part.problem for part in parts if part.problem) or None,
        hidden=tuple(one for part in parts for one in part.hidden),
        notes=tuple(note for part in parts for note in part.notes),
    )


@dataclass(frozen=True, slots=True)
class _Since:
    """What has changed, and since when."""

    ref: str
    files: frozenset[str]  # absolute

    @classmethod
    def of(cls, ref: str, directory: Path) -> _Since:
        from router.lint.changes import changed_since as changed_files  # and with it subprocess

        return cls(ref, changed_files(ref, directory))

    def has(self, root: Path, file: str) -> bool:
        """Whether a file of a root has changed, or what a link there leads to."""
        path = root / file
        return str(path) in self.files or os.path.realpath(path) in self.files


@dataclass(frozen=True, slots=True)
class _Part:
    """What is to be reported of one root; files as they are reached from here."""

    findings: tuple[Finding, ...] = ()
    hidden: tuple[Hidden, ...] = ()
    files: tuple[str, ...] = ()
    problem: str | None = None
    notes: tuple[str, ...] = ()
    read: Callable[[str], bytes | None] = lambda _: None  # a file by the name it has here


class _Linter:
    def __init__(
        self,
        root: Path,
        catalog: Catalog,
        today: date,
        config: LintConfig,
        since: _Since | None,
    ) -> None:
        self._root = root
        self._catalog = catalog
        self._today = today
        self._config = config
        self._since = since

    def root_of(self, path: Path) -> Path:
        """The root that a path is judged in."""
        if self._root.is_dir() and _inside(path, self._root):
            return self._root
        return path if path.is_dir() else path.parent

    def lint(self, root: Path, paths: Sequence[Path]) -> _Part:
        sources = DirectorySources(root)
        if not sources.policy_files():
            return _Part(problem=f"no policy files under {root}")
        linted = lint_sources(
            sources,
            self._catalog,
            today=self._today,
            config=self._config,
            root=str(_absolute(root)),
        )
        notes: tuple[str, ...] = ()
        if all(not _same(path, root) for path in paths):
            linted = _about(linted, [_relative(path, root) for path in paths])
            if not linted.files and not linted.findings:
                names = ", ".join(map(str, paths))
                return _Part(problem=f"no policy under {root} has anything to do with {names}")
        if self._since is not None:
            linted, notes = _changed(linted, self._since, sources.root, root)
        return _Part(
            tuple(_shown(finding, root) for finding in linted.findings),
            tuple(replace(one, finding=_shown(one.finding, root)) for one in linted.hidden),
            tuple(str(root / file) for file in linted.files),
            notes=notes,
            read=_reader(sources, root),
        )


# --- what is asked for ----------------------------------------------------------------------------


def _about(linted: Linted, names: Sequence[str]) -> Linted:
    """What concerns some files: themselves, and what policies among them depend on."""
    folders = tuple(f"{name}/" for name in names)
    chosen = [one for one in linted.uses if one in names or one.startswith(folders)]
    wanted = {file for policy in chosen for file in linted.uses[policy]}.union(names)
    return _only(linted, lambda finding: finding.span.file in wanted, wanted)


def _changed(
    linted: Linted, since: _Since, real: Path, root: Path
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
    return replace(
        linted,
        findings=tuple(finding for finding in linted.findings if stays(finding)),
        hidden=tuple(one for one in linted.hidden if stays(one.finding)),
        files=tuple(file for file in linted.files if file in files),
    )


# --- the baseline ---------------------------------------------------------------------------------


def _against(path: Path, parts: list[_Part], *, infos: bool, renew: bool) -> list[_Part]:
    """The parts without what the baseline knows; with `renew` it is written first."""
    lies = _absolute(path).parent

    def named(file: str) -> str:
        return Path(os.path.relpath(_absolute(Path(file)), lies)).as_posix()

    entries = []
    for part in parts:
        identities = Identities(part.read, named, infos=infos)
        entries.append([identities.entry(finding) for finding in part.findings])
    linted = {named(file) for part in parts for file in part.files}
    if renew:
        # What was not linted now is as known as before.
        old = read_baseline(path).entries if path.exists() else ()
        kept = [entry for entry in old if entry.file not in linted and (lies / entry.file).exists()]
        found = [entry for some in entries for entry in some if entry is not None]
        write_baseline(path, [*kept, *found])
    left = read_baseline(path)
    compared = []
    for part, some in zip(parts, entries, strict=True):
        one = left.compare(part.findings, some)
        hidden = tuple(Hidden(finding, "baseline", f"known in {path}") for finding in one.known)
        compared.append(replace(part, findings=one.new, hidden=(*part.hidden, *hidden)))
        left = Baseline(one.stale)
    gone = [one for one in left.entries if one.file in linted or not (lies / one.file).exists()]
    if gone and compared:
        notes = (*compared[-1].notes, *_stale(path, gone))
        compared[-1] = replace(compared[-1], notes=notes)
    return compared


def _stale(path: Path, entries: Sequence[Entry]) -> list[str]:
    return [
        f"{path}: {entry.rule} in {entry.file} at {entry.pointer or 'a line of text'} is no longer "
        "found; --write-baseline drops it"
        for entry in entries
    ]


# --- paths ----------------------------------------------------------------------------------------


def _absolute(path: Path) -> Path:
    """From the working directory, without `..`; links are kept, as they are names in a root."""
    return Path(os.path.normpath(Path.cwd() / path))


def _inside(path: Path, root: Path) -> bool:
    return _absolute(path).is_relative_to(_absolute(root))


def _same(path: Path, root: Path) -> bool:
    return _absolute(path) == _absolute(root)


def _relative(path: Path, root: Path) -> str:
    return _absolute(path).relative_to(_absolute(root)).as_posix()


def _reader(sources: Sources, root: Path) -> Callable[[str], bytes | None]:
    def read(shown: str) -> bytes | None:
        try:
            return sources.read(_relative(Path(shown), root))
        except SourceError:
            return None

    return read


def _shown(finding: Finding, root: Path) -> Finding:
    """The finding with files as they are reached from here: a terminal can open them."""

    def reached(span: Span) -> Span:
        return replace(span, file=str(root / span.file))

    fix = finding.fix
    if fix is not None:
        edits = tuple(Edit(reached(edit.span), edit.text) for edit in fix.edits)
        fix = replace(fix, edits=edits)
    return replace(finding, span=reached(finding.span), fix=fix)
