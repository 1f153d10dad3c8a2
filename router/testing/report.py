"""What came of a test run: a report for every case, and one for the whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from router.testing.coverage import Coverage
from router.testing.driving import Outcome
from router.testing.expecting import Failure
from router.testing.suite import Case
from router.types import Finding, Severity

__all__ = ["CaseReport", "Status", "TestReport"]

Status = Literal["passed", "failed", "skipped"]


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
    notes: tuple[str, ...] = ()  # what is worth knowing and fails nothing
    coverage: Coverage | None = None  # None: not asked for
    min_coverage: int = 0  # of a hundred decisions

    @property
    def too_little(self) -> str | None:
        """What is to be said where fewer decisions are covered than must be."""
        found = self.coverage
        if found is None or found.reaches(self.min_coverage):
            return None
        return (
            f"{found.covered} of {found.total} decisions are covered ({found.percent} %); "
            f"at least {self.min_coverage} % are asked for"
        )

    def count(self, status: Status) -> int:
        """How many cases there are of one status."""
        return sum(report.status == status for report in self.cases)

    @property
    def broken(self) -> bool:
        """Whether tests or policies have errors, so that nothing was run."""
        return any(finding.severity is Severity.ERROR for finding in self.findings)

    @property
    def exit_code(self) -> int:
        """0 all held, 1 a case failed or too little is covered, 2 nothing was run."""
        if self.problem is not None or self.broken:
            return 2
        return 1 if self.count("failed") or self.too_little else 0
