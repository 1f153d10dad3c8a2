"""docs: the policies as one page for people."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from router.cli.failures import reported
from router.cli.options import Policies

if TYPE_CHECKING:
    from router.cli.reading import Reading
    from router.handbook.edition import Edition

__all__ = ["add_to", "edition_of"]


def add_to(app: typer.Typer) -> None:
    app.command("docs")(docs)


def docs(
    policies: Policies = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The file to write; else standard output."),
    ] = None,
    title: Annotated[str, typer.Option(help="The page's heading.")] = "Policy handbook",
    day: Annotated[
        datetime | None,
        typer.Option(
            "--date",
            formats=["%Y-%m-%d"],
            metavar="YYYY-MM-DD",
            help="The day whose prices and lifecycles count; else today. The same policies and "
            "the same day give the same page.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Write the policies as one HTML page: tasks, owners, ladders, costs, cache layout."""
    from router.cli.reading import Reading
    from router.cli.show import out
    from router.errors import UsageError
    from router.handbook.page import page

    with reported():
        reading = Reading.of(policies, None if day is None else day.date())
        if not reading.tasks:
            raise UsageError(f"no tasks in {reading.root}: there is nothing to write about")
        text = page(edition_of(reading, title))
        if output is None:
            out(text)
        else:
            output.write_text(text, "utf-8", newline="\n")


def edition_of(reading: Reading, title: str) -> Edition:
    """What the page of a policy set is made from; of what lint says, the warnings."""
    from router.config import find_config
    from router.handbook.edition import Edition
    from router.lint.config import LintConfig
    from router.lint.sources import lint_sources
    from router.reloading.sources import DirectorySources
    from router.rules.base import Facts
    from router.types import Severity

    linted = lint_sources(
        DirectorySources(reading.root),
        reading.catalog,
        today=reading.today,
        config=LintConfig.of(find_config(Path.cwd())),
        root=str(reading.root.absolute()),
    )
    warnings = tuple(one for one in linted.findings if one.severity is Severity.WARNING)
    facts = Facts(reading.catalog, reading.today, reading.tasks)
    return Edition(title, reading.policy_set.revision, facts, warnings)
