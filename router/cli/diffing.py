"""diff: what a change of policies means for those who live with it."""

from __future__ import annotations

import os
import sys
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from router.cli.failures import colored, reported
from router.cli.options import Policies
from router.diffing.formats import Form

__all__ = ["add_to"]


def add_to(app: typer.Typer) -> None:
    app.command("diff")(diff)


def diff(
    old: Annotated[
        str | None,
        typer.Argument(
            help="A directory or file, a git ref (`main`, `v1.2`, `main:path`, `main...` for where "
            "this branch left it), or a revision; else HEAD.",
            show_default=False,
        ),
    ] = None,
    new: Annotated[
        str | None,
        typer.Argument(help="The same; else the policies as they are.", show_default=False),
    ] = None,
    form: Annotated[Form, typer.Option("--format", help="How to print it.")] = Form.TEXT,
    ledger: Annotated[
        Path | None,
        typer.Option(
            help="Also say what a month of this ledger's traffic would cost.", show_default=False
        ),
    ] = None,
    since: Annotated[
        str, typer.Option(help="Of the ledger, what began within 24h, 7d …, or since a date.")
    ] = "30d",
    policies: Policies = None,
) -> None:
    """Say what behaves differently: exit 0 nothing, 1 something, 2 usage or a broken side."""
    from router.catalog import load_catalog
    from router.config import find_config
    from router.diffing.compare import compare
    from router.diffing.formats import render
    from router.diffing.traffic import Recorded
    from router.ledger.reading import LedgerReader
    from router.lint.config import LintConfig
    from router.reports import parse_since

    with reported():
        now = time.time()
        with ExitStack() as opened:
            recorded = None
            if ledger is not None:
                begin = parse_since(since, now)
                reader = opened.enter_context(LedgerReader(ledger, now=now))
                recorded = Recorded(lambda: reader.attempts(begin, now), begin, now)
            report = compare(
                old,
                new,
                root=policies or Path(os.environ.get("ROUTER_POLICIES") or "policies"),
                catalog=load_catalog(),
                today=datetime.fromtimestamp(now, UTC).date(),
                recorded=recorded,
                lint=LintConfig.of(find_config(Path.cwd())),
            )
        sys.stdout.write(render(report, form, color=colored(sys.stdout)))
        raise typer.Exit(report.exit_code)
