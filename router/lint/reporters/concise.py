"""One line a finding: for editors, for grep."""

from __future__ import annotations

from router.lint.report import Report

__all__ = ["render"]


def render(report: Report) -> str:
    """`file:line:column: severity[rule] message`, every severity; empty when there is nothing."""
    return "".join(f"{finding}\n" for finding in report.findings)
