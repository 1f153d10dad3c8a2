"""What lint has found: the value that every form of output is made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from router.types import Finding, Severity

__all__ = ["CLEAN", "FINDINGS", "USAGE", "Hidden", "Report"]

CLEAN = 0
FINDINGS = 1
USAGE = 2  # nothing to lint, or a path that is not there

_WORST_FIRST = tuple(Severity)


class Hidden(NamedTuple):
    """A finding that does not count, and on whose word."""

    finding: Finding
    by: Literal["comment", "configuration", "baseline"]
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What lint found.

    Args:
        findings: sorted by place; files as they are reached from the working directory.
        files: every file that was read.
        problem: why nothing, or not everything, could be linted.
        hidden: findings that were suppressed; never errors.
        notes: what else is worth knowing, e.g. why a policy was chosen.
        fail_level: the mildest severity that fails.
        base: the absolute directory that code hosts name files from; forms for them need it.
        directory: the absolute working directory.
    """

    findings: tuple[Finding, ...] = ()
    files: tuple[str, ...] = ()
    problem: str | None = None
    hidden: tuple[Hidden, ...] = ()
    notes: tuple[str, ...] = ()
    fail_level: Severity = Severity.ERROR
    base: str = ""
    directory: str = ""

    def count(self, severity: Severity) -> int:
        """How many findings there are of one severity."""
        return sum(finding.severity is severity for finding in self.findings)

    def fails(self, finding: Finding) -> bool:
        """Whether a finding is as bad as the fail level or worse."""
        return _WORST_FIRST.index(finding.severity) <= _WORST_FIRST.index(self.fail_level)

    def exit_code(self) -> int:
        """0 clean, 1 findings of the fail level or worse, 2 nothing to lint."""
        if self.problem is not None:
            return USAGE
        return FINDINGS if any(map(self.fails, self.findings)) else CLEAN
