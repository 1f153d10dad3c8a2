"""test: the cases beside the policies, run without a key, a network or a wait."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from router.cli.failures import YOURS, colored, explain, reported
from router.cli.options import Policies

__all__ = ["add_to"]


def add_to(app: typer.Typer) -> None:
    app.command("test")(run_policy_tests)


def run_policy_tests(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Test files, or directories to look for *.test.yaml in; else the policies.",
            show_default=False,
        ),
    ] = None,
    policies: Policies = None,
    text: Annotated[
        str | None,
        typer.Option(
            "-k", metavar="TEXT", help="Only cases whose FILE::NAME contains this, in any case."
        ),
    ] = None,
    task: Annotated[
        str | None, typer.Option("--task", metavar="TASK", help="Only cases of this task.")
    ] = None,
    coverage: Annotated[
        bool,
        typer.Option("--coverage", help="List the decisions of the policies that no case covers."),
    ] = False,
    min_coverage: Annotated[
        int,
        typer.Option(
            min=0, max=100, help="Fail where less of a hundred decisions is covered than this."
        ),
    ] = 0,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Name every case.")] = False,
) -> None:
    """Run the policies' tests offline: exit 0 all held, 1 failures, 2 nothing was run, 3 a bug."""
    from router.errors import PolicyError, UsageError
    from router.testing.reporters import text as as_text
    from router.testing.runner import Wanted, run_tests

    with reported():
        report = run_tests(
            paths or (),
            policies=policies,
            wanted=Wanted(text, task) if text or task else None,
            coverage=coverage,
            min_coverage=min_coverage,
        )
        if report.findings:
            explain(PolicyError("warnings", report.findings))
        if report.broken:
            raise typer.Exit(YOURS)
        if report.problem is not None:
            raise UsageError(report.problem)
        sys.stdout.write(as_text.render(report, color=colored(sys.stdout), verbose=verbose))
        if report.too_little:
            sys.stderr.write(f"error: {report.too_little}\n")
        raise typer.Exit(report.exit_code)
