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
    form: Annotated[
        Form | None,
        typer.Option(
            "--format",
            help="How to print findings; else the project's choice, else text.",
            show_default=False,
        ),
    ] = None,
    fail_level: Annotated[
        Severity | None,
        typer.Option(
            help="The mildest finding that fails; else the project's choice, else error.",
            show_default=False,
        ),
    ] = None,
    baseline: Annotated[
        Path | None,
        typer.Option(help="A file of known findings, which do not count.", show_default=False),
    ] = None,
    write_baseline: Annotated[
        bool, typer.Option("--write-baseline", help="Make what is found now the known findings.")
    ] = False,
    changed_since: Annotated[
        str | None,
        typer.Option(
            metavar="REF",
            help="Only what has changed since this branch left the git ref, or depends on it.",
            show_default=False,
        ),
    ] = None,
    fix: Annotated[bool, typer.Option("--fix", help="Make the safe fixes, then lint.")] = False,
    unsafe: Annotated[
        bool,
        typer.Option("--unsafe", help="With --fix or --diff: also what changes behaviour."),
    ] = False,
    diff: Annotated[
        bool,
        typer.Option("--diff", help="Print what --fix would change as a diff, and change nothing."),
    ] = False,
    count_tokens: Annotated[
        bool,
        typer.Option(
            "--count-tokens", help="Ask the API for exact counts where rules else estimate."
        ),
    ] = False,
    offline: Annotated[
        bool,
        typer.Option(
            "--offline", help="Let the embedded emulator count; else ROUTER_OFFLINE decides."
        ),
    ] = False,
    config: Annotated[
        Path | None,
        typer.Option(
            help="A router.toml or pyproject.toml, instead of the nearest one upward.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Check policies: exit 0 clean, 1 findings, 2 nothing to lint, 3 a bug."""
    from router.cli.quick import Asked, lint_and_print
    from router.errors import UsageError

    with reported():
        if unsafe and not (fix or diff):
            raise UsageError("--unsafe says which fixes are made: it goes with --fix or --diff")
        if diff and write_baseline:
            raise UsageError("--diff writes nothing: it goes without --write-baseline")
        asked = Asked(
            tuple(paths or ()),
            form=form,
            fail_level=fail_level,
            config=config,
            baseline=baseline,
            write_baseline=write_baseline,
            changed_since=changed_since,
            fix=fix,
            unsafe=unsafe,
            diff=diff,
            count_tokens=count_tokens,
            offline=offline,
        )
        raise typer.Exit(lint_and_print(asked))
