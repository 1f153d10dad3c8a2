"""report, emulate, demo: commands for those who run the router."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from router.cli.failures import reported
from router.cli.options import JsonOut, Ledger

__all__ = ["add_to"]


def add_to(app: typer.Typer) -> None:
    app.command("report")(report)
    app.command("emulate")(emulate)
    app.command("demo")(demo)


def report(
    since: Annotated[
        str | None, typer.Option(help="Only what began within 30m, 24h, 7d …, or since a date.")
    ] = None,
    by: Annotated[str, typer.Option(help="task, tier, model, tag:NAME, day or week.")] = "task",
    as_json: JsonOut = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV for a spreadsheet.")] = False,
    ledger: Ledger = None,
) -> None:
    """Sum up the ledger: tokens, cost, cache hits, escalations, latency, shares per tier."""
    import os
    import time

    from router.cli.show import out
    from router.errors import UsageError
    from router.reports import build, parse_since, render

    with reported():
        if as_json and csv:
            raise UsageError("--json or --csv, not both")
        path = ledger or Path(os.environ.get("ROUTER_LEDGER") or "router.ledger.db")
        if path.is_dir():
            raise UsageError(f"{path} is a directory: --ledger takes the ledger's file in it")
        begin = None if since is None else parse_since(since, time.time())
        made = build(path, since=begin, by=by)
        out(render(made, "json" if as_json else "csv" if csv else "text"))


def emulate(
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8377,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    script: Annotated[
        Path | None, typer.Option(help="Scripted replies, YAML or JSON; else shaped by the schema.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the emulated answers.")] = 0,
) -> None:
    """Serve the embedded Claude on loopback, for any SDK: set its base URL to what is printed."""
    from router.emulator.command import serve_forever

    with reported():
        serve_forever(port=port, host=host, script=script, seed=seed, say=sys.stderr.write)


def demo() -> None:
    """See the main job done without a key: emulated replies, real prices."""
    from router.cli.demo import show_demo

    with reported():
        raise typer.Exit(show_demo())
