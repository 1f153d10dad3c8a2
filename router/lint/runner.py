"""Lint from the outside: paths as they were typed in, a report with paths as they are reached."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from router.catalog.models import Catalog
from router.errors import UsageError
from router.lint.baseline import Baseline, Entry, Identities, read_baseline, write_baseline
from router.lint.config import LintConfig
from router.lint.linter import Linter, Part
from router.lint.paths import absolute
from router.lint.places import base_of
from router.lint.report import Hidden, Report
from router.types import Severity

__all__ = ["lint_paths", "without_known"]


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
    linter = Linter.of(root, catalog, today, config, changed_since)
    by_root = linter.by_root(given)
    parts = [linter.lint(found, some) for found, some in by_root.items()]
    if config.baseline is not None:
        infos = config.fail_level is Severity.INFO
        parts = without_known(config.baseline, parts, infos=infos, renew=renew_baseline)
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


# --- the baseline ---------------------------------------------------------------------------------


def without_known(path: Path, parts: list[Part], *, infos: bool, renew: bool = False) -> list[Part]:
    """The parts without what the baseline knows; with `renew` it is written first.

    Args:
        infos: whether infos are known too.
    """
    lies = absolute(path).parent

    def named(file: str) -> str:
        return Path(os.path.relpath(absolute(Path(file)), lies)).as_posix()

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
