"""schema: what editors need to help those who write policies."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from router.cli.failures import reported

__all__ = ["add_to"]


class Schema(StrEnum):
    POLICY = "policy"


def add_to(app: typer.Typer) -> None:
    app.command("schema")(schema)


def schema(
    name: Annotated[Schema, typer.Argument(help="Which files it describes.")] = Schema.POLICY,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write it there, over what is there, not to stdout."),
    ] = None,
) -> None:
    """Print the JSON Schema that editors complete and check files with."""
    from router.cli.show import out
    from router.resources import shipped

    with reported():
        text = (shipped("schemas") / f"{name.value}.schema.json").read_text("utf-8")
        if output is None:
            out(text)
        else:
            output.write_text(text, "utf-8")
