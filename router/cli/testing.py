"""test: the cases beside the policies, run without a key, a network or a wait."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from router.cli.failures import YOURS, colored, explain, reported, say
from router.cli.options import Policies

__all__ = ["add_to"]


class TestForm(StrEnum):
    __test__ = False  # not for pytest to collect

    TEXT = "text"
    JSON = "json"
    JUNIT = "junit"


def add_to(app: typer.Typer) -> None:
    app.command("test")(run_policy_tests)


def run_policy_tests(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Test files, FILE::NAME for single cases, or directories to look for "
            "*.test.yaml in; else the policies.",
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
        int | None,
        typer.Option(
            min=0,
            max=100,
            help="Fail where less of a hundred decisions is covered; else as `[test]` of the "
            "configuration has it.",
            show_default=False,
        ),
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Name every case.")] = False,
    form: Annotated[TestForm, typer.Option("--format", help="How to print what came of it.")] = (
        TestForm.TEXT
    ),
    update: Annotated[
        bool, typer.Option("--update", help="Write the snapshots instead of comparing with them.")
    ] = False,
    live: Annotated[
        bool,
        typer.Option(
            "--live", help="Instead have labelled inputs (`live:`) answered by real models."
        ),
    ] = False,
    max_usd: Annotated[
        str | None,
        typer.Option("--max-usd", metavar="USD", help="What --live may cost in all."),
    ] = None,
    record: Annotated[
        Path | None,
        typer.Option("--record", metavar="FILE", help="Append the answers of --live to a file."),
    ] = None,
    replay: Annotated[
        Path | None,
        typer.Option(
            "--replay", metavar="FILE", help="As --live, answered from a recording, at no cost."
        ),
    ] = None,
    repeat: Annotated[
        int | None,
        typer.Option(
            min=1, max=100, help="How often each labelled input is answered; else as its file says."
        ),
    ] = None,
    parallel: Annotated[
        int | None, typer.Option(min=1, max=64, help="Runs of --live side by side.  [default: 4]")
    ] = None,
    offline: Annotated[
        bool,
        typer.Option(
            "--offline",
            help="Have --live answered by the embedded emulator; else ROUTER_OFFLINE decides.",
        ),
    ] = False,
) -> None:
    """Run the policies' tests offline: exit 0 all held, 1 failures, 2 nothing was run, 3 a bug."""
    from router.cli.evaluating import Asked, evaluate
    from router.config import find_config
    from router.errors import PolicyError, UsageError
    from router.testing.config import TestConfig
    from router.testing.discovery import root_of, split_ids
    from router.testing.reporters import render
    from router.testing.runner import Wanted, run_tests

    with reported():
        asked = Asked(live, max_usd, record, replay, repeat, parallel, offline)
        if asked.wanted:
            coverage = coverage or bool(min_coverage)
            for name, value in (
                ("-k", text),
                ("--coverage", coverage),
                ("--update", update),
                ("--verbose", verbose),
            ):
                if value:
                    raise UsageError(
                        f"{name} is about scripted cases, not about --live or --replay"
                    )
            raise typer.Exit(evaluate(asked, paths or (), policies, task, form.value))
        config = TestConfig.of(find_config(Path.cwd()))
        root = os.path.realpath(root_of(policies))  # no error for a link that leads to itself
        some = text or task or any(os.path.realpath(path) != root for path in paths or ())
        if min_coverage is None and not some:
            min_coverage = config.min_coverage
        files, ids = split_ids(paths or ())
        report = run_tests(
            files,
            policies=policies,
            wanted=Wanted(text or None, task or None, ids),
            coverage=coverage,
            min_coverage=min_coverage or 0,
            update=update,
        )
        if report.findings:
            explain(PolicyError("warnings", report.findings))
        if form is not TestForm.TEXT:
            sys.stdout.write(render(report, form.value))
        if report.broken:
            raise typer.Exit(YOURS)
        if report.problem is not None:
            raise UsageError(report.problem)
        if form is TestForm.TEXT:
            sys.stdout.write(render(report, color=colored(sys.stdout), verbose=verbose))
        for note in report.notes:
            say(f"note: {note}")
        if report.too_little:
            say(f"error: {report.too_little}")
        raise typer.Exit(report.exit_code)
