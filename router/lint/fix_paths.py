"""Fixing from the outside: paths as they were typed in, files written or shown as a diff."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from router.catalog.models import Catalog
from router.lint.config import LintConfig
from router.lint.fixing import Dropped, Fixed, fix_all
from router.lint.known import without_known
from router.lint.linter import Linter
from router.lint.paths import relative, renamed
from router.lint.unified import unified_diff
from router.lint.writing import Changes, write_files
from router.policy.sources import Sources
from router.reloading.sources import DirectorySources
from router.rules.judge import JudgeCache
from router.types import Finding, Severity

__all__ = ["Mended", "fix_paths"]


@dataclass(frozen=True, slots=True)
class Mended:
    """What fixing some paths comes to; nothing is written yet.

    Args:
        fixed: findings as they were when their fix was made, files as they are reached from here.
        dropped: fixes that were left out, because an error would have come of them.
        roots: what each policy root would hold, and what it holds.
    """

    fixed: tuple[Finding, ...]
    dropped: tuple[Dropped, ...]
    roots: Mapping[Path, Changes]

    @property
    def files(self) -> tuple[str, ...]:
        """The files that change, as they are reached from here."""
        return tuple(str(root / file) for root, (new, _) in self.roots.items() for file in new)

    def diff(self) -> bytes:
        """The changes as one unified diff."""
        return b"".join(
            unified_diff(str(root / file), old[file], new[file])
            for root, (new, old) in self.roots.items()
            for file in sorted(new)
        )

    def write(self) -> None:
        """Puts the changes in place.

        Raises:
            UsageError: a file has changed in the meantime, or lies outside its root.
            OSError: the system refuses.
        """
        write_files(self.roots)


def fix_paths(
    paths: Iterable[Path | str],
    *,
    root: Path | None = None,
    catalog: Catalog | None = None,
    today: date | None = None,
    config: LintConfig | None = None,
    changed_since: str | None = None,
    unsafe: bool = False,
) -> Mended:
    """Fixes what `lint_paths` would report of the same paths, in memory.

    What that would not report is not fixed: the arguments are the same.

    Args:
        unsafe: make the fixes too that may change what a policy does.

    Raises:
        UsageError: git cannot say what has changed; the baseline cannot be used.
    """
    config = config or LintConfig()
    linter = Linter.of(root, catalog, today, config, changed_since)
    fixed: list[Finding] = []
    dropped: list[Dropped] = []
    roots = {}
    given = (path for path in map(Path, paths) if path.exists())
    for found, some in linter.by_root(given).items():
        sources = DirectorySources(found)
        done = _fixed(linter, sources, found, some, unsafe)

        def shown(file: str, found: Path = found) -> str:
            return str(found / file)

        fixed += (renamed(one, shown) for one in done.fixed)
        for drop in done.dropped:
            errors = tuple(renamed(one, shown) for one in drop.errors)
            dropped.append(Dropped(renamed(drop.finding, shown), errors))
        roots[found] = done.files, {file: sources.read(file) for file in done.files}
    return Mended(tuple(fixed), tuple(dropped), roots)


def _fixed(
    linter: Linter, sources: DirectorySources, root: Path, paths: Sequence[Path], unsafe: bool
) -> Fixed:
    config, cache = linter.config, JudgeCache()

    def choose(now: Sources) -> Sequence[Finding]:
        part = linter.lint(root, paths, now, cache)
        if config.baseline is not None and config.baseline.exists():
            infos = config.fail_level is Severity.INFO
            (part,) = without_known(config.baseline, [part], infos=infos)
        return [renamed(one, lambda file: relative(Path(file), root)) for one in part.findings]

    return fix_all(sources, linter.catalog, today=linter.today, choose=choose, unsafe=unsafe)
