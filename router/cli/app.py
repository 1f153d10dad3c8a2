"""The commands, put together. Each group of them is a module beside this one."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from router.cli import (
    authoring,
    diffing,
    editing,
    handbook,
    linting,
    operating,
    running,
    testing,
    upgrading,
)
from router.cli.failures import reported

__all__ = ["app", "run"]

app = typer.Typer(
    name="router",
    help="Route tasks to Claude by policy: pinned models, ceilings, escalation, an account of "
    "every attempt.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help: the same text in a terminal, a pipe and the docs
    epilog="Exit codes: 0 done; 1 findings, or no accepted answer; 2 usage, settings or policies "
    "that cannot be used; 3 a bug in the router.",
)
for group in (
    running,
    authoring,
    linting,
    diffing,
    upgrading,
    editing,
    handbook,
    testing,
    operating,
):
    group.add_to(app)


@app.callback(invoke_without_command=True)
def root(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and leave.")
    ] = False,
) -> None:
    if version:
        from importlib.metadata import version as installed

        typer.echo(installed("policy-router"))
        raise typer.Exit


def run() -> None:
    """Run the command line; errors become messages and exit codes."""
    with reported():
        try:
            app()
        finally:
            sys.stdout.flush()  # here a full disk can still be said
