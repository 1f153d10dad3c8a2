"""Policy tests from files to a report: read, linked to the policies, run, judged.

Each policy set is compiled once, however many files are about it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from router.catalog.load import load_catalog
from router.catalog.models import Catalog
from router.compiler.model import Task
from router.engine.decisions import Decision
from router.errors import UsageError
from router.testing.coverage import Coverage, cover
from router.testing.driving import Stage
from router.testing.expecting import Failure, expectations, mishaps
from router.testing.loading import Library, LoadedSuite
from router.testing.report import CaseReport, TestReport
from router.testing.requests import request_failures
from router.testing.snapshots import Snapshots, snapshot_file
from router.testing.suite import Case
from router.testing.tables import left_over_in_tables
from router.types import Severity

__all__ = ["Wanted", "run_case", "run_rows", "run_tests"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which cases to run: those whose `file::name` contains `text`, of one task, and of `ids`."""

    text: str | None = None
    task: str | None = None
    ids: frozenset[Path] = frozenset()  # `file::name`, as a path is compared; none: any

    @property
    def all(self) -> bool:
        """Whether every case is wanted."""
        return self == _ALL

    def __call__(self, case: Case) -> bool:
        return (
            (self.text is None or self.text.casefold() in case.id.casefold())
            and self.task in (None, case.task)
            and (not self.ids or Path(case.id) in self.ids)
        )


_ALL = Wanted()


def run_tests(
    paths: Sequence[Path] = (),
    *,
    policies: Path | None = None,
    wanted: Wanted = _ALL,
    catalog: Catalog | None = None,
    coverage: bool = False,
    min_coverage: int = 0,
    update: bool = False,
) -> TestReport:
    """Run the tests under files and directories; by default those of the policy root.

    Args:
        policies: where the policies are; else see `find_tests`.
        wanted: which cases.
        coverage: count the decisions that were seen taken: of every task of the policies, or,
            where only some cases or files are asked for, of the tasks that these are about.
        min_coverage: so many of a hundred decisions must be covered; more than 0 counts them.
        update: write the snapshots instead of comparing with them.
    """
    library = Library(catalog or load_catalog())
    try:
        loaded = library.load_all(paths, policies)
    except UsageError as error:
        return TestReport(problem=error.message)
    files = tuple(str(one.found.path) for one in loaded)
    findings = tuple(dict.fromkeys(finding for one in loaded for finding in one.findings))
    if any(finding.severity is Severity.ERROR for finding in findings):
        return TestReport(files=files, findings=findings)
    chosen = [(one, case) for one in loaded for case in _chosen(one, wanted)]
    unknown = wanted.ids - {Path(case.id) for _, case in chosen}
    if not chosen or unknown:
        problem = _none_wanted(wanted, unknown, loaded)
        return TestReport(files=files, problem=problem)
    kept = {one.found.path: one.snapshots(update=update) for one in loaded}
    reports = list(_reports(chosen, library.catalog, kept))
    for index, failure in left_over_in_tables(reports):
        reports[index] = _failed(reports[index], failure)
    cases = tuple(reports)
    notes = tuple(_snapshot_notes(kept, whole=wanted.all))
    covered = None
    if coverage or min_coverage:
        some = not wanted.all or any(path.is_file() for path in paths)
        covered = _coverage([one for one, _ in chosen], cases, some=some)
    return TestReport(
        cases, files, findings, notes=notes, coverage=covered, min_coverage=min_coverage
    )


def _snapshot_notes(kept: Mapping[Path, Snapshots | None], *, whole: bool) -> Iterator[str]:
    """Writes snapshots that are to be renewed, and says what was written and what is obsolete."""
    for tests, snapshots in kept.items():
        file = snapshot_file(tests)
        if snapshots is None:
            if file.exists():
                yield f"{file} is obsolete: {tests} has no `snapshots`"
        elif snapshots.update:
            if snapshots.write(whole=whole):
                yield f"wrote {file}"
            if snapshots.failing:
                failing = ", ".join(snapshots.failing)
                yield f"{file} is left as it was for cases that fail: {failing}"
        elif whole and (names := snapshots.obsolete()):
            yield f"{file} has snapshots of no case (`--update` drops them): {', '.join(names)}"


def _coverage(
    loaded: Sequence[LoadedSuite], reports: Sequence[CaseReport], *, some: bool
) -> Coverage:
    """The coverage of each policy root by all its cases, put together."""
    tasks: dict[Path, dict[str, Task]] = {}
    taken: dict[Path, set[Decision]] = {}
    for one, report in zip(loaded, reports, strict=True):
        assert one.policy_set is not None  # noqa: S101 - it has run
        root, every = one.found.policies, one.policy_set.tasks
        names = [report.case.task] if some else sorted(every)
        tasks.setdefault(root, {}).update({name: every[name] for name in names})
        if report.outcome is not None:
            taken.setdefault(root, set()).update(report.outcome.decisions)
    return Coverage(
        tuple(
            covered
            for root, found in tasks.items()
            for covered in cover(
                found.values(),
                taken.get(root, set()),
                root if root.is_dir() else root.parent,
            ).tasks
        )
    )


def _chosen(loaded: LoadedSuite, wanted: Wanted) -> Iterator[Case]:
    for case in loaded.suite.cases if loaded.suite is not None else ():
        if wanted(case):
            yield case


def _none_wanted(wanted: Wanted, unknown: Iterable[Path], loaded: Sequence[LoadedSuite]) -> str:
    """Why nothing is run."""
    if wanted.all and any(one.suite is not None and one.suite.labelled for one in loaded):
        return "there are labelled inputs (`live:`) and no cases: run them by --live or --replay"
    asked = [
        f" {said} {value!r}"
        for said, value in (("with", wanted.text), ("of task", wanted.task))
        if value is not None
    ]
    named = f" called {', '.join(sorted(map(str, unknown)))}" if unknown else ""
    files = f"{len(loaded)} file{'' if len(loaded) == 1 else 's'}"
    return f"no case{named}{''.join(asked)} in {files}"


def _reports(
    chosen: Sequence[tuple[LoadedSuite, Case]],
    catalog: Catalog,
    kept: Mapping[Path, Snapshots | None],
) -> Iterator[CaseReport]:
    stages: dict[int, Stage] = {}
    with ExitStack() as closing:
        for loaded, case in chosen:
            policy_set = loaded.policy_set
            assert policy_set is not None  # noqa: S101 - a suite is linked to one
            stage = stages.get(id(policy_set))
            if stage is None:
                stage = closing.enter_context(Stage(policy_set.tasks, catalog))
                stages[id(policy_set)] = stage
            yield run_case(case, stage, kept[loaded.found.path])


def run_case(case: Case, stage: Stage, snapshots: Snapshots | None = None) -> CaseReport:
    """Run one case and hold it against what it expects, and against what is kept of it."""
    if case.skip is not None:
        if snapshots is not None:
            snapshots.keep(case)
        return CaseReport(case, "skipped")
    outcome = stage.run(case)
    failures = [
        *mishaps(case, outcome),
        *expectations(case, outcome),
        *request_failures(case, outcome, stage.tasks, stage.catalog),
    ]
    if snapshots is not None and snapshots.update and failures:
        snapshots.keep_failing(case)
    elif snapshots is not None:
        failures += snapshots.failures(case, outcome)
    return _failed(CaseReport(case, "passed", outcome=outcome), *failures)


def run_rows(rows: Sequence[Case], stage: Stage, last: CaseReport) -> CaseReport:
    """The report of a table's last row, with the replies of the table that no row uses."""
    reports = [*(run_case(row, stage) for row in rows[:-1]), last]
    return _failed(last, *(failure for _, failure in left_over_in_tables(reports)))


def _failed(report: CaseReport, *failures: Failure) -> CaseReport:
    """The report with these failures too, their files as they are reached from here."""
    if not failures:
        return report
    placed = (one.under(report.case.root) for one in failures)
    return replace(report, status="failed", failures=(*report.failures, *placed))
