"""lint: the checks on policies, for people, editors and CI."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from router.cli.failures import reported
from router.lint.reporters import Form
from router.types import Severity

__all__ = ["add_to"]


def add_to(app: typer.Typer) -> None:
    app.command("lint")(lint)


def lint(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Policy directories or files; else ROUTER_POLICIES, else ./policies.",
            show_default=False,
        ),
    ] = None,
    form: Annotated[Form, typer.Option("--format", help="How to print findings.")] = Form.TEXT,
    fail_level: Annotated[
        Severity, typer.Option(help="The mildest finding that fails the command.")
    ] = Severity.ERROR,
) -> None:
    """Check policies: exit 0 clean, 1 findings, 2 nothing to lint, 3 a bug."""
    from router.cli.quick import lint_and_print

    with reported():
        raise typer.Exit(lint_and_print(paths or [], form, fail_level))
