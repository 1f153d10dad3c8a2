"""The judgement on the texts of an editor: lint's own, on what is open and on the disk."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from router.catalog.load import load_catalog
from router.config import find_config
from router.errors import RouterError, SettingsError
from router.lint.config import LintConfig
from router.lint.sources import Linted, lint_sources
from router.policy.sources import Edited, Sources, is_test_name
from router.reloading.sources import DirectorySources
from router.rules.judge import JudgeCache
from router.types import Finding

__all__ = ["Judge"]


class Judge:
    """Judges policy roots again and again; only what has changed is worked on.

    `problem` is why the project's configuration could not be read; then it says nothing.
    """

    def __init__(self, folder: Path) -> None:
        """
        Args:
            folder: where the configuration is looked for, from there upward.
        """
        self.problem: str | None = None
        self._folder = folder
        self._catalog = load_catalog()
        self._caches: dict[Path, JudgeCache] = {}
        self._caches_of_tests: dict[Path, JudgeCache] = {}
        self._readings: dict[Path, DirectorySources] = {}

    def findings(self, root: Path, texts: Mapping[str, bytes]) -> tuple[Finding, ...]:
        """What lint has to say of a root, and reading of the tests among the texts.

        Files are relative to the root, or absolute.

        Args:
            texts: what stands in place of files, by path in the root.
        """
        sources = self._reading(root, texts)
        linted = self._lint(root, sources)
        tests = [name for name in texts if is_test_name(name)]
        if not tests:
            return linted.findings
        said = {str(root / file) for file in linted.files}
        about_tests = self._of_tests(root, sources, tests)
        return (*linted.findings, *(one for one in about_tests if one.span.file not in said))

    def fixed(self, root: Path, texts: Mapping[str, bytes], file: str) -> bytes | None:
        """A file with all its safe fixes made; None where there are none that mend it alone."""
        from router.lint.fixing import fix_all

        def choose(now: Sources) -> Sequence[Finding]:
            return [
                one
                for one in self._lint(root, now).findings
                if one.fix is not None and all(edit.span.file == file for edit in one.fix.edits)
            ]

        sources = self._reading(root, texts)
        return fix_all(sources, self._catalog, today=_today(), choose=choose).files.get(file)

    def _reading(self, root: Path, texts: Mapping[str, bytes]) -> Edited:
        disk = DirectorySources(root, before=self._readings.get(root))
        self._readings[root] = disk
        return Edited(disk, texts)

    def _lint(self, root: Path, sources: Sources) -> Linted:
        return lint_sources(
            sources,
            self._catalog,
            today=_today(),
            config=self._configured(),
            root=str(root),
            cache=self._caches.setdefault(root, JudgeCache()),
        )

    def _configured(self) -> LintConfig:
        try:
            config = LintConfig.of(find_config(self._folder))
        except SettingsError as error:
            self.problem = str(error)
            return LintConfig()
        self.problem = None
        return config

    def _of_tests(self, root: Path, sources: Edited, names: list[str]) -> Iterator[Finding]:
        from router.testing.discovery import Found
        from router.testing.loading import Library

        library = Library(self._catalog, {root: sources}, self._caches_of_tests)
        for name in names:
            try:
                loaded = library.load(Found(root / name, root, root, name))
            except RouterError:  # there are no policies that a test could be about
                return
            yield from loaded.findings


def _today() -> date:
    return datetime.fromtimestamp(time.time(), UTC).date()
