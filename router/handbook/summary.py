"""What the tasks of a set have in common: who owns them, what they cost, what they inherit."""

from __future__ import annotations

from router.compiler.compilation import CompiledTask
from router.compiler.model import Task
from router.handbook.edition import Edition
from router.handbook.html import Child, Element, el, joined
from router.handbook.tables import table
from router.handbook.words import at_most_usd, many, seconds
from router.rules.sizes import call_cost, least_cost, path_cost, unmeasured

__all__ = ["overview", "owners", "parents", "run_cost", "tags", "task_id", "task_link"]


def task_id(name: str) -> str:
    """The anchor of a task's section."""
    return f"task-{name}"


def task_link(name: str) -> Element:
    """A link to a task's section."""
    return el("a", name, href=f"#{task_id(name)}")


def tags(task: Task) -> Child:
    """The task's tags by name; None where it has none."""
    if not task.tags:
        return None
    named = (el("span", f"{name}: {task.tags[name]}", class_="tag") for name in sorted(task.tags))
    return el("span", *named, class_="tags")


def run_cost(compiled: CompiledTask, edition: Edition) -> tuple[str, str] | None:
    """What a run costs at best and at worst; None where no tier has a price.

    At best the first tier answers with warm caches, at worst the dearest way is climbed with cold
    ones. A `+` says that an input is not bounded, so that neither is.
    """
    if all(call_cost(compiled, edition.facts, tier) is None for tier in compiled.task.tiers):
        return None
    more = "+" if unmeasured(compiled) else ""
    most, _ = path_cost(compiled, edition.facts)
    return at_most_usd(least_cost(compiled, edition.facts)) + more, at_most_usd(most) + more


def overview(edition: Edition) -> Element:
    """A row for each task."""
    head = ("Task", "Owner", "Ladder", "Run at best", "Run at worst", "Budget", "Deadline")
    rows = [_row(compiled, edition) for compiled in edition.tasks]
    caption = "Every task with its ladder, and what a run costs at most"
    return table(caption, head, rows, numbers=(3, 4, 5, 6), class_="overview")


def _row(compiled: CompiledTask, edition: Edition) -> tuple[Child, ...]:
    task = compiled.task
    best, worst = run_cost(compiled, edition) or ("no price", "no price")
    return (
        (
            task_link(task.name),
            el("small", task.description) if task.description else None,
            tags(task),
        ),
        task.owner,
        " → ".join(tier.name for tier in task.tiers),
        best,
        worst,
        None if task.budget.usd is None else at_most_usd(task.budget.usd),
        None if task.budget.deadline is None else seconds(task.budget.deadline),
    )


def owners(edition: Edition) -> Element:
    """Who answers for which tasks, those that nobody owns last."""
    owned: dict[str, list[str]] = {}
    for compiled in edition.tasks:
        owned.setdefault(compiled.task.owner or "", []).append(compiled.task.name)
    rows = [
        (owner or "nobody is named", many(len(names), "task"), joined(map(task_link, names)))
        for owner, names in sorted(owned.items(), key=lambda one: (not one[0], one[0]))
    ]
    return table("Who answers for which tasks", ("Owner", "How many", "Tasks"), rows)


def parents(edition: Edition) -> Element | None:
    """The files that tasks inherit from; None where none does."""
    heirs: dict[str, list[str]] = {}
    for compiled in edition.tasks:
        for file in edition.parents_of(compiled):
            heirs.setdefault(file, []).append(compiled.task.name)
    if not heirs:
        return None
    rows = [(el("code", file), joined(map(task_link, heirs[file]))) for file in sorted(heirs)]
    return table("Files that tasks inherit from", ("File", "Tasks that inherit from it"), rows)
