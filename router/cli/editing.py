"""schema, lsp: what editors need to help those who write policies."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from router.cli.failures import reported

__all__ = ["add_to"]


class Schema(StrEnum):
    POLICY = "policy"
    TEST = "test"

    @property
    def file(self) -> str:
        """The schema's name where it ships, and in a project."""
        return "policytest.schema.json" if self is Schema.TEST else "policy.schema.json"


def add_to(app: typer.Typer) -> None:
    app.command("schema")(schema)
    app.command("lsp")(lsp)


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
        text = (shipped("schemas") / name.file).read_text("utf-8")
        if output is None:
            out(text)
        else:
            output.write_text(text, "utf-8")


def lsp() -> None:
    """Serve an editor over stdin and stdout: lint's findings while you type."""
    import logging
    import os
    import sys

    from router.lsp.server import serve

    with reported():
        # What anything else prints goes to stderr: stdout is the protocol's alone. stdin is left to
        # the interpreter, which at its end must not wait for a thread that reads it.
        incoming = os.fdopen(os.dup(sys.stdin.fileno()), "rb")
        outgoing = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        logging.basicConfig(stream=sys.stderr, format="%(levelname)s %(message)s")
        raise typer.Exit(serve(incoming, outgoing))
