"""Lint from the outside: paths as they were typed in, a report with paths as they are reached."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from pathlib import Path

from router.catalog.models import Catalog
from router.errors import UsageError
from router.lint.config import LintConfig
from router.lint.linter import Linter
from router.lint.places import base_of
from router.lint.report import Report
from router.lint.sources import Count
from router.types import Severity

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
    count: Count | None = None,
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
        count: asks for exact tokens where rules else estimate (`router.lint.counting`).

    Raises:
        RouterError: git cannot say what has changed; the baseline cannot be used; the API does
            not count.
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
    linter = Linter.of(root, catalog, today, config, changed_since, count)
    by_root = linter.by_root(given)
    parts = [linter.lint(found, some) for found, some in by_root.items()]
    if config.baseline is not None:
        from router.lint.known import without_known

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
