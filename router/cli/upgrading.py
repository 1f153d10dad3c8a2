"""upgrade: pins moved to the models that come after."""

from __future__ import annotations

import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from router.cli.failures import NO, colored, reported
from router.upgrading.formats import Form

__all__ = ["add_to"]


def add_to(app: typer.Typer) -> None:
    app.command("upgrade")(upgrade)


def upgrade(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Policy directories or files; else ROUTER_POLICIES, else ./policies.",
            show_default=False,
        ),
    ] = None,
    task: Annotated[
        list[str] | None,
        typer.Option(help="Only the pins that this task uses; again for more.", show_default=False),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(
            help="Only this model, by name or id, leaving or not; again for more.",
            show_default=False,
        ),
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL",
            help="Move there, not to the successor: a pin, or a name under `models`.",
            show_default=False,
        ),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also models that stay but have a newer one.")
    ] = False,
    write: Annotated[bool, typer.Option("--write", help="Change the files.")] = False,
    form: Annotated[Form, typer.Option("--format", help="How to print it.")] = Form.TEXT,
) -> None:
    """Move pins off models that leave: exit 0 nothing to do or written, 1 to be done, 2 usage."""
    from router.catalog import load_catalog
    from router.upgrading.formats import render
    from router.upgrading.moves import Selection
    from router.upgrading.upgrade import plan_upgrade, root_and_files

    with reported():
        catalog = load_catalog()
        today = datetime.fromtimestamp(time.time(), UTC).date()
        default = Path(os.environ.get("ROUTER_POLICIES") or "policies")
        root, files = root_and_files(paths or [], default)
        found = plan_upgrade(
            root,
            catalog,
            today=today,
            selection=Selection(
                files=files,
                tasks=tuple(task or ()),
                models=tuple(model or ()),
                everything=everything,
                to=to,
            ),
        )
        written = write and bool(found.files) and not found.errors
        if written:
            found.write()
        sys.stdout.write(render(found, form, written=written, color=colored(sys.stdout)))
        left = bool(found.stuck) or (bool(found.moves) and not written)
        raise typer.Exit(NO if left else 0)
