"""Options that several commands share, spelled once."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    *("Form", "Input", "JsonFile", "JsonOut", "Ledger", "Offline", "Policies", "Tag", "TaskName"),
]


class Form(StrEnum):
    TEXT = "text"
    JSON = "json"


def _task_names(context: typer.Context, incomplete: str) -> list[str]:
    """For the shell to complete from; none where the policies cannot be read."""
    from router.cli.reading import Reading
    from router.errors import RouterError

    try:
        tasks = Reading.of(context.params.get("policies")).policy_set.tasks
    except (RouterError, OSError):
        return []
    return [name for name in sorted(tasks) if name.startswith(incomplete)]


TaskName = Annotated[
    str,
    typer.Argument(help="The task's name.", metavar="TASK", autocompletion=_task_names),
]
Policies = Annotated[
    Path | None,
    typer.Option(
        "--policies",
        "-p",
        help="Policy directory or file; else ROUTER_POLICIES, else ./policies.",
        show_default=False,
    ),
]
Input = Annotated[
    list[str] | None,
    typer.Option(
        "--input",
        "-i",
        help="name=text, name=@file or name:=json; may be given several times.",
        show_default=False,
    ),
]
JsonFile = Annotated[
    str | None,
    typer.Option(
        "--json",
        metavar="FILE",
        help="Inputs as a JSON object; - reads standard input.",
        show_default=False,
    ),
]
Offline = Annotated[
    bool,
    typer.Option(
        "--offline",
        help="Answer from the embedded emulator: no key, no network; else ROUTER_OFFLINE.",
    ),
]
Ledger = Annotated[
    Path | None,
    typer.Option(
        "--ledger",
        help="The ledger's file; else ROUTER_LEDGER, else ./router.ledger.db.",
        show_default=False,
    ),
]
JsonOut = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]
Tag = Annotated[
    list[str] | None,
    typer.Option(
        "--tag",
        help="name=value, kept in the ledger; may be given several times.",
        show_default=False,
    ),
]
