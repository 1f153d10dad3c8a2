"""Policy tests from files to a report: read, linked to the policies, run, judged.

Each policy set is compiled once, however many files are about it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Literal

from router.catalog.load import load_catalog
from router.catalog.models import Catalog
from router.compiler.model import PolicySet
from router.errors import UsageError
from router.reloading.sources import DirectorySources
from router.rules.judge import JudgeCache, judge
from router.testing.discovery import Found, find_tests, root_of
from router.testing.driving import Outcome, Stage
from router.testing.expecting import Failure, expectations, mishaps
from router.testing.reading import Draft, link_suite, read_draft
from router.testing.requests import request_failures
from router.testing.suite import Case, Suite
from router.types import Finding, Severity

__all__ = ["CaseReport", "Library", "LoadedSuite", "TestReport", "Wanted", "run_case", "run_tests"]

Status = Literal["passed", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which cases to run: those whose `file::name` contains `text`, and of one task."""

    text: str | None = None
    task: str | None = None

    def __call__(self, case: Case) -> bool:
        return (self.text is None or self.text.casefold() in case.id.casefold()) and (
            self.task in (None, case.task)
        )


@dataclass(frozen=True, slots=True)
class LoadedSuite:
    """A file of tests, linked to its policies; `suite` is None where something is wrong."""

    found: Found
    findings: tuple[Finding, ...]
    suite: Suite | None = None
    policy_set: PolicySet | None = None


@dataclass(frozen=True, slots=True)
class CaseReport:
    """One case and what came of it."""

    case: Case
    status: Status
    failures: tuple[Failure, ...] = ()
    outcome: Outcome | None = None  # None: not run


@dataclass(frozen=True, slots=True)
class TestReport:
    """What `router test` found.

    `problem` says why nothing was run; `findings` what is wrong with the tests or the policies:
    where one is an error, nothing is run either. Files are as they are reached from here.
    """

    __test__ = False  # not for pytest to collect

    cases: tuple[CaseReport, ...] = ()
    files: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    problem: str | None = None

    def count(self, status: Status) -> int:
        """How many cases there are of one status."""
        return sum(report.status == status for report in self.cases)

    @property
    def broken(self) -> bool:
        """Whether tests or policies have errors, so that nothing was run."""
        return any(finding.severity is Severity.ERROR for finding in self.findings)

    @property
    def exit_code(self) -> int:
        """0 all held, 1 a case failed, 2 nothing was run."""
        if self.problem is not None or self.broken:
            return 2
        return 1 if self.count("failed") else 0


def run_tests(
    paths: Sequence[Path] = (),
    *,
    policies: Path | None = None,
    wanted: Wanted | None = None,
    catalog: Catalog | None = None,
) -> TestReport:
    """Run the tests under files and directories; by default those of the policy root."""
    missing = [str(path) for path in paths or [root_of(policies)] if not path.exists()]
    if missing:
        return TestReport(problem=f"no such file or directory: {', '.join(missing)}")
    found = find_tests(paths or [root_of(policies)], policies)
    if not found:
        where = ", ".join(map(str, paths or [root_of(policies)]))
        return TestReport(problem=f"no tests (*.test.yaml) under {where}")
    library = Library(catalog or load_catalog())
    loaded = [library.load(one) for one in found]
    files = tuple(str(one.path) for one in found)
    findings = tuple(dict.fromkeys(finding for one in loaded for finding in one.findings))
    if any(finding.severity is Severity.ERROR for finding in findings):
        return TestReport(files=files, findings=findings)
    chosen = [(one, case) for one in loaded for case in _chosen(one, wanted or Wanted())]
    if not chosen:
        return TestReport(files=files, problem=_none_wanted(wanted, files))
    return TestReport(tuple(_reports(chosen, library.catalog)), files, findings)


def _chosen(loaded: LoadedSuite, wanted: Wanted) -> Iterator[Case]:
    for case in loaded.suite.cases if loaded.suite is not None else ():
        if wanted(case):
            yield case


def _none_wanted(wanted: Wanted | None, files: Sequence[str]) -> str:
    asked = [
        f"{said} {value!r}"
        for said, value in (
            ("with", wanted.text if wanted else None),
            ("of task", wanted.task if wanted else None),
        )
        if value is not None
    ]
    return f"no case {' '.join(asked)} in {len(files)} file{'' if len(files) == 1 else 's'}"


def _reports(chosen: Sequence[tuple[LoadedSuite, Case]], catalog: Catalog) -> Iterator[CaseReport]:
    stages: dict[int, Stage] = {}
    with ExitStack() as closing:
        for loaded, case in chosen:
            policy_set = loaded.policy_set
            assert policy_set is not None  # noqa: S101 - a suite is linked to one
            stage = stages.get(id(policy_set))
            if stage is None:
                stage = closing.enter_context(Stage(policy_set.tasks, catalog))
                stages[id(policy_set)] = stage
            yield run_case(case, stage)


def run_case(case: Case, stage: Stage) -> CaseReport:
    """Run one case and hold it against what it expects."""
    if case.skip is not None:
        return CaseReport(case, "skipped")
    outcome = stage.run(case)
    failures = (
        *mishaps(case, outcome),
        *expectations(case, outcome),
        *request_failures(case, outcome, stage.tasks, stage.catalog),
    )
    placed = tuple(
        replace(one, span=replace(one.span, file=str(case.root / one.span.file)))
        for one in failures
    )
    return CaseReport(case, "failed" if placed else "passed", placed, outcome)


@dataclass(slots=True)
class Library:
    """Policy sets by root and day, each judged once."""

    catalog: Catalog
    _sources: dict[Path, DirectorySources] = field(default_factory=dict)
    _caches: dict[Path, JudgeCache] = field(default_factory=dict)
    _sets: dict[tuple[Path, date], tuple[PolicySet | None, tuple[Finding, ...]]] = field(
        default_factory=dict
    )

    def load(self, found: Found) -> LoadedSuite:
        """Read a test file and link it to its policies."""
        draft = read_draft(found.name, self._reading(found.root))
        if draft.node is None:
            return LoadedSuite(found, _shown(draft.findings, found.root))
        now = self._now(draft)
        policy_set, wrong = self._policies(found.policies, datetime.fromtimestamp(now, UTC).date())
        if policy_set is None:
            return LoadedSuite(found, wrong)
        suite, findings = link_suite(draft, policy_set.tasks, now)
        said = _shown((*draft.findings, *findings), found.root)
        cases = tuple(replace(case, file=str(found.path), root=found.root) for case in suite.cases)
        return LoadedSuite(found, said, replace(suite, cases=cases), policy_set)

    def _now(self, draft: Draft) -> float:
        if draft.now is not None:
            return draft.now
        # The facts that the catalog states are those of its own day, whenever the test is run.
        return datetime.combine(self.catalog.as_of, time(12), UTC).timestamp()

    def _policies(self, root: Path, today: date) -> tuple[PolicySet | None, tuple[Finding, ...]]:
        key = root, today
        if key not in self._sets:
            cache = self._caches.setdefault(root, JudgeCache())
            judgement = judge(self._reading(root), self.catalog, today=today, cache=cache)
            if judgement.policy_set is None and not judgement.findings:
                raise UsageError(f"no policies under {root}: --policies says where they are")
            wrong: tuple[Finding, ...] = ()
            if judgement.policy_set is None:
                errors = [one for one in judgement.findings if one.severity is Severity.ERROR]
                wrong = _shown(errors, root if root.is_dir() else root.parent)
            self._sets[key] = judgement.policy_set, wrong
        return self._sets[key]

    def _reading(self, root: Path) -> DirectorySources:
        return self._sources.setdefault(root, DirectorySources(root))


def _shown(findings: Sequence[Finding], root: Path) -> tuple[Finding, ...]:
    """Findings with their files as they are reached from here, so that a terminal can open them."""
    return tuple(
        replace(one, span=replace(one.span, file=str(root / one.span.file))) for one in findings
    )
