"""Policy tests as pytest's own: a file of them is collected like a module, a case is an item.

Loaded by the plugin when it meets such a file, and not before.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from router.catalog.load import load_catalog
from router.errors import RouterError
from router.testing.discovery import find_tests
from router.testing.driving import Stage
from router.testing.loading import Library, LoadedSuite
from router.testing.reporters.text import failure_text
from router.testing.runner import run_case, run_rows
from router.testing.snapshots import Snapshots
from router.testing.suite import Case
from router.types import Severity, Span

__all__ = ["PolicyTestFile"]


class _Shared:
    """What the files of one pytest run share: each policy set is compiled once."""

    def __init__(self, config: pytest.Config) -> None:
        self.suites = Library(load_catalog())
        self._config = config
        self._stages: dict[int, Stage] = {}

    @classmethod
    def of(cls, config: pytest.Config) -> _Shared:
        if _KEY not in config.stash:
            config.stash[_KEY] = cls(config)
        return config.stash[_KEY]

    def stage(self, loaded: LoadedSuite) -> Stage:
        policy_set = loaded.policy_set
        assert policy_set is not None  # noqa: S101 - a suite is linked to one
        stage = self._stages.get(id(policy_set))
        if stage is None:
            stage = self._stages[id(policy_set)] = Stage(policy_set.tasks, self.suites.catalog)
            self._config.add_cleanup(stage.close)
        return stage


_KEY = pytest.StashKey[_Shared]()


class PolicyTestFile(pytest.File):
    """A `*.test.yaml`. The policies it is about are found as `router test` finds them."""

    def collect(self) -> Iterator[pytest.Item]:
        """Every case; a file with errors cannot be collected."""
        shared = _Shared.of(self.config)
        try:
            loaded = shared.suites.load(find_tests([self.path], None)[0])
        except RouterError as error:
            raise self.CollectError(error.message) from None
        if any(one.severity is Severity.ERROR for one in loaded.findings):
            said = (f"{one}{f' ({one.help})' if one.help else ''}" for one in loaded.findings)
            raise self.CollectError("\n".join(said))
        kept = loaded.snapshots()
        tables: dict[Span, list[Case]] = {}
        for case in loaded.suite.cases if loaded.suite is not None else ():
            table = tables.setdefault(case.node.span, [])
            table.append(case)
            yield _CaseItem.from_parent(
                self, name=case.name, case=case, table=table, stage=shared.stage(loaded), kept=kept
            )


class _Failed(Exception):
    """A case that failed; the message is all there is to say."""


class _CaseItem(pytest.Item):
    def __init__(
        self, *, case: Case, table: list[Case], stage: Stage, kept: Snapshots | None, **rest: Any
    ) -> None:
        super().__init__(**rest)
        self._case = case
        self._table = table  # the rows of its table, as far as they are collected
        self._stage = stage
        self._kept = kept
        if case.skip is not None:
            self.add_marker(pytest.mark.skip(reason=case.skip))

    def runtest(self) -> None:
        report = run_case(self._case, self._stage, self._kept)
        if self._case.rows and self._case is self._table[-1]:
            # Other rows may be of another worker, or deselected: what they use is seen here.
            report = run_rows(self._table, self._stage, report)
        if report.status == "failed":
            raise _Failed(failure_text(report))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, _Failed):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, self._case.node.span.line - 1, self.name
