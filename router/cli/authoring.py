"""init, rule, tasks, show, models: commands for those who write policies."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from router.cli.failures import NO, reported
from router.cli.options import JsonOut, Policies, TaskName

__all__ = ["add_to"]


def add_to(app: typer.Typer) -> None:
    app.command("init")(init)
    app.command("rule")(rule)
    app.command("tasks")(tasks)
    app.command("show")(show_task)
    app.command("models")(models)


def init(
    directory: Annotated[Path, typer.Argument(help="Where to begin; made if missing.")] = Path(),
    everything: Annotated[
        bool, typer.Option("--all", help="Copy the whole starter library, not one task.")
    ] = False,
) -> None:
    """Begin: a starter policy with prompts, example inputs and the editor's schema line."""
    from router.cli.init import write_project

    with reported():
        write_project(directory, everything=everything)


def rule(
    name: Annotated[
        str | None, typer.Argument(help="A rule's name; without one, all are listed.")
    ] = None,
    as_json: JsonOut = False,
) -> None:
    """Explain a lint rule: what to avoid, what to prefer, and why."""
    from router.cli.show import as_json as to_json
    from router.cli.show import out, table
    from router.rules import registry
    from router.rules.pages import render

    with reported():
        if name is not None:
            found = registry.rule(name)
            out(to_json(_rule_facts(found)) if as_json else render(found))
            return
        every = registry.all_rules()
        if as_json:
            out(to_json([_rule_facts(every[key]) for key in sorted(every)]))
            return
        rows = [(key, every[key].severity.value, every[key].summary) for key in sorted(every)]
        out(table(rows, ("rule", "severity", "what it says"), frozenset()))


def _rule_facts(found: Any) -> dict[str, Any]:
    names = ("name", "severity", "summary", "avoid", "prefer", "why", "configure", "needs")
    return {name: getattr(found, name) for name in names}


def tasks(policies: Policies = None, as_json: JsonOut = False) -> None:
    """List the tasks: their ladders, owners and what they are for."""
    from router.cli import show
    from router.cli.reading import Reading

    with reported():
        found = Reading.of(policies).policy_set.tasks
        listed = [found[name] for name in sorted(found)]
        if as_json:
            show.out(
                show.as_json(
                    [
                        {
                            "task": task.name,
                            "tiers": [{"name": t.name, "model": t.model} for t in task.tiers],
                            "owner": task.owner,
                            "description": task.description,
                            "tags": task.tags,
                            "revision": task.revision,
                        }
                        for task in listed
                    ]
                )
            )
            return
        rows = [
            (
                task.name,
                " > ".join(tier.name for tier in task.tiers),
                task.owner or "",
                task.description or "",
            )
            for task in listed
        ]
        show.out(show.table(rows, ("task", "ladder", "owner", "description"), frozenset()))


def show_task(
    task: TaskName,
    resolved: Annotated[
        bool, typer.Option("--resolved", help="With parents merged in; else as its file has it.")
    ] = False,
    policies: Policies = None,
) -> None:
    """Print a task's policy."""
    from router.cli import show
    from router.cli.resolved import task_as_yaml

    with reported():
        show.out(task_as_yaml(task, policies, resolved=resolved))


def models(
    check: Annotated[
        bool, typer.Option("--check", help="Compare with the API's own list; needs a key.")
    ] = False,
    retired: Annotated[bool, typer.Option("--retired", help="List retired models too.")] = False,
    as_json: JsonOut = False,
) -> None:
    """List the models the catalog knows: pins, lifecycles, limits and prices."""
    import time
    from datetime import UTC, datetime

    from router.catalog import load_catalog
    from router.catalog.listing import COLUMNS
    from router.catalog.listing import as_json as facts
    from router.catalog.listing import table as rows
    from router.cli import show

    with reported():
        catalog = load_catalog()
        today = datetime.fromtimestamp(time.time(), UTC).date()
        if check:
            differences = _differences(catalog, today)
            for difference in differences:
                show.out(difference)
            sys.stderr.write(
                f"{len(differences)} difference{'' if len(differences) == 1 else 's'} from the "
                f"API's own list; the catalog is of {catalog.as_of}\n"
            )
            if differences:
                sys.stderr.write("  hint: a newer policy-router brings a newer catalog\n")
            raise typer.Exit(NO if differences else 0)
        if as_json:
            show.out(show.as_json(facts(catalog, today)))
            return
        show.out(
            show.table(rows(catalog, today, retired=retired), COLUMNS, frozenset({4, 5, 6, 7, 8}))
        )
        show.out(f"\ncatalog of {catalog.as_of}; prices in USD per million tokens")


def _differences(catalog: Any, today: Any) -> tuple[str, ...]:
    import os

    from router.catalog.listing import compare_with_api
    from router.claude.settings import ClientSettings, list_models
    from router.errors import SettingsError

    settings = ClientSettings.from_environment(os.environ)
    try:
        listed = list_models(settings)
    except SettingsError as error:
        # That the emulator needs no key is no help here: its list is the catalog itself.
        reason = error.message.partition("; ROUTER_OFFLINE")[0]
        raise SettingsError(
            f"--check asks the API for its list: {reason}; `router models` needs none of it"
        ) from None
    return compare_with_api(catalog, listed, today)
