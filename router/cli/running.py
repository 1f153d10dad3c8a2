"""run, plan, map: commands that ask the engine."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from router.cli.failures import DONE, INTERRUPTED, NO, reported, say
from router.cli.given import read_inputs, read_pairs
from router.cli.options import Form, Input, JsonFile, Ledger, Offline, Policies, Tag, TaskName

if TYPE_CHECKING:
    from router.router import Router

__all__ = ["add_to"]

Tier = Annotated[
    str | None,
    typer.Option("--tier", help="Begin on this tier, whatever the start rules say."),
]


def add_to(app: typer.Typer) -> None:
    app.command("run")(run)
    app.command("plan")(plan)
    app.command("map")(map_file)


def open_router(
    policies: Path | None, ledger: Path | None, offline: bool, **options: Any
) -> Router:
    from router.cli.reading import refused
    from router.errors import PolicyError
    from router.router import Router

    try:
        return Router(policies, ledger=ledger, offline=offline or None, **options)
    except PolicyError as error:
        raise refused(error.findings, policies) from None


def run(
    task: TaskName,
    inputs: Input = None,
    json_file: JsonFile = None,
    tier: Tier = None,
    deadline: Annotated[
        float | None, typer.Option(help="Seconds for the whole run.", show_default=False)
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(help="Idempotency key: the same key and inputs are paid once a day."),
    ] = None,
    tag: Tag = None,
    explain: Annotated[
        bool,
        typer.Option("--explain", help="Say on stderr which tier answered, why, at what cost."),
    ] = False,
    form: Annotated[Form, typer.Option("--format", help="How to print the result.")] = Form.TEXT,
    policies: Policies = None,
    ledger: Ledger = None,
    offline: Offline = False,
) -> None:
    """Run a task and print its answer, streaming text as it comes."""
    from router.cli import show

    with reported(), open_router(policies, ledger, offline) as router:
        given = read_inputs(inputs or [], json_file)
        terms: dict[str, Any] = {
            "tags": read_pairs(tag, "--tag"),
            "deadline": deadline,
            "tier": tier,
        }
        if form is Form.JSON or key is not None:
            result = router.run(task, given, key=key, **terms)
            text = None
        else:
            result, text = _streamed(router, task, given, terms)
        if form is Form.JSON:
            show.out(show.as_json(show.result_json(result)))
        elif not isinstance(result.output, str):
            show.out(show.as_json(result.output))
        elif text is None:
            show.out(result.output)
        for call in result.tool_calls:
            show.out(show.as_json(call))
        if explain:
            say(show.explain(result))
        else:
            if not result.accepted:
                say(f"not accepted: {result.reason}")
            if result.emulated and form is not Form.JSON:
                say("emulated reply: not a model's")
        if not result.accepted:
            raise typer.Exit(NO)


def _streamed(router: Router, task: str, given: dict[str, Any], terms: dict[str, Any]) -> Any:
    """The result, and the text if it has been printed as it came."""
    from router.cli import show
    from router.types import Discard, Restart, Result, TextDelta

    structured = router.policies.tasks.get(task)
    printing = structured is not None and structured.output is None
    printed = ""
    result: Result | None = None
    for event in router.stream(task, given, **terms):
        if isinstance(event, TextDelta) and printing:
            sys.stdout.write(show.harmless(event.text))
            sys.stdout.flush()
            printed += event.text
        elif isinstance(event, Discard):
            if printed:
                sys.stdout.write("\n")
                say(f"discard the text above: {event.reason}")
            printed = ""
        elif isinstance(event, Restart):
            say(f"left {event.tier}: {event.reason}")
        elif isinstance(event, Result):
            result = event
    if printed and not printed.endswith("\n"):
        sys.stdout.write("\n")
    return result, printed or None


def plan(
    task: TaskName,
    inputs: Input = None,
    json_file: JsonFile = None,
    tier: Tier = None,
    form: Annotated[Form, typer.Option("--format", help="How to print the plan.")] = Form.TEXT,
    requests: Annotated[bool, typer.Option(help="Print the request to the start tier too.")] = True,
    policies: Policies = None,
) -> None:
    """Show what a run would send and cost. Nothing is sent."""
    from router.cli import show
    from router.cli.reading import Reading
    from router.engine.plan import make_plan, plan_as_dict

    with reported():
        reading = Reading.of(policies)
        made = make_plan(
            reading.task(task),
            read_inputs(inputs or [], json_file),
            catalog=reading.catalog,
            today=reading.today,
            start_tier=tier,
            tasks=reading.policy_set.tasks,
        )
        if form is Form.JSON:
            show.out(show.as_json(plan_as_dict(made)))
        else:
            show.out(show.plan_text(made, requests=requests))


def map_file(
    task: TaskName,
    file: Annotated[
        Path,
        typer.Argument(help="JSON Lines or CSV, one row of inputs a line; - reads JSON Lines."),
    ],
    out: Annotated[Path, typer.Option(help="JSON Lines of results; continued if it is there.")],
    concurrency: Annotated[int, typer.Option(min=1, max=256, help="Runs at the same time.")] = 8,
    id_field: Annotated[
        str | None, typer.Option("--id", help="The field that names a row; else its number.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first so many rows.")] = None,
    select: Annotated[
        list[str] | None,
        typer.Option("--map", help="input=field where a field has another name; several times."),
    ] = None,
    tag: Tag = None,
    policies: Policies = None,
    ledger: Ledger = None,
    offline: Offline = False,
) -> None:
    """Run a task over many inputs: bounded, resumable, each row's error its own.

    Answers are kept beside the ledger for 24 hours, so that a map which was killed pays for
    nothing twice when the same command is given again.
    """
    import asyncio

    from router.cli.map_source import in_a_file
    from router.cli.mapping import Mapping, map_rows

    with reported(), in_a_file(file) as source:
        job = Mapping(
            task=task,
            source=source,
            out=out,
            concurrency=concurrency,
            id_field=id_field,
            limit=limit,
            fields=read_pairs(select, "--map", "input=field"),
            tags=read_pairs(tag, "--tag"),
        )
        summary = asyncio.run(
            map_rows(job, lambda: open_router(policies, ledger, offline), sys.stderr)
        )
        say(summary.text())
        raise typer.Exit(INTERRUPTED if summary.interrupted else NO if summary.failed else DONE)
