"""One task's section: what it is for, its ladder, its cost, its prompt, what goes in and out."""

from __future__ import annotations

from collections.abc import Iterator

from router.compiler.compilation import CompiledTask
from router.compiler.model import (
    AgreementSignal,
    FieldSignal,
    Retry,
    Schema,
    Signal,
    Task,
    Tier,
)
from router.handbook.edition import Edition
from router.handbook.fields import Field, fields
from router.handbook.html import Child, Element, el, joined
from router.handbook.ladder import ladder
from router.handbook.notes import finding_list
from router.handbook.prompt import prompt_layout
from router.handbook.summary import run_cost, tags, task_id, task_link
from router.handbook.tables import table
from router.handbook.words import at_most_usd, count, many, seconds
from router.rules.sizes import call_cost, unmeasured

__all__ = ["task_section"]

_MOST_VALUES = 24  # of an enum
_MOST_WAITS = 5


def task_section(compiled: CompiledTask, edition: Edition) -> Element:
    """Everything the page says of one task."""
    task, name = compiled.task, compiled.task.name
    found = edition.findings_of(compiled)
    anchor = task_id(name)
    return el(
        "section",
        el(
            "h3",
            name,
            el("a", "#", href=f"#{anchor}", class_="anchor", aria_label=f"Link to {name}"),
        ),
        el("p", task.description, class_="lead") if task.description else None,
        _facts(compiled, edition),
        _part(name, "findings", "Findings", finding_list(found)) if found else None,
        _part(name, "ladder", "Ladder", ladder(task, edition)),
        _part(name, "cost", "Cost of one call", *_cost(compiled, edition)),
        _part(name, "prompt", "Prompt and cache", *prompt_layout(compiled, edition)),
        _part(name, "input", "Input", _schema(task, task.input, "input")),
        _part(name, "output", "Output", _schema(task, task.output, "output")),
        _part(name, "tools", "Tools", _tools(task)) if task.tools else None,
        id=anchor,
        class_="task",
    )


def _part(task: str, name: str, title: str, *body: Child) -> Element:
    # A dot: no task's name has one, so that no task's anchor is that of another's part.
    return el("section", el("h4", title), *body, id=f"{task_id(task)}.{name}", class_=name)


# --- facts -------------------------------------------------------------------------------


def _facts(compiled: CompiledTask, edition: Edition) -> Element:
    rows = [(name, value) for name, value in _all_facts(compiled, edition) if value]
    return el(
        "dl", *(el("div", el("dt", name), el("dd", value)) for name, value in rows), class_="facts"
    )


def _all_facts(compiled: CompiledTask, edition: Edition) -> Iterator[tuple[str, Child]]:
    task = compiled.task
    yield "Owner", task.owner or "nobody is named"
    yield "Tags", tags(task)
    cost = run_cost(compiled, edition)
    if cost is not None:
        yield "A run costs at most", f"{cost[0]} at best, {cost[1]} at worst"
    budget = task.budget
    yield "Budget of a run", None if budget.usd is None else at_most_usd(budget.usd)
    yield "Deadline", None if budget.deadline is None else seconds(budget.deadline)
    yield "Attempts", f"at most {budget.attempts} in a run"
    yield "Retries", _retries(task.retry)
    yield "Confidence", _confidence(task)
    judged = edition.judged_by(task.name)
    yield "Judges the answers of", joined(task_link(name) for name in judged)
    yield (
        "Text of a stream",
        "passed on at once, may be taken back" if task.stream == "eager" else None,
    )
    yield "Model that answers", "must be the pinned one" if task.strict_model else None
    yield "Written in", el("code", f"{compiled.file}:{compiled.name.span.line}")
    parents = edition.parents_of(compiled)
    yield "Inherits from", joined(el("code", file) for file in parents)
    yield "Revision", el("code", task.revision[:12])


def _retries(retry: Retry) -> str:
    if not retry.retries:
        return "none"
    waits = [min(retry.cap, retry.base * retry.factor**n) for n in range(retry.retries)]
    shown = ", ".join(map(seconds, waits[:_MOST_WAITS])) + (", …" if waits[_MOST_WAITS:] else "")
    return f"{many(retry.retries, 'retry', 'retries')} after a fault, waiting up to {shown}"


def _confidence(task: Task) -> Child:
    if task.confidence is None:
        return None
    signals = task.confidence.signals
    said = joined(_signal(signal) for signal in signals)
    if len(signals) == 1:
        return said
    return (f"{task.confidence.combine} of ", said)


def _signal(signal: Signal) -> Child:
    if isinstance(signal, FieldSignal):
        return ("the model's own ", el("code", ".".join(("output", *signal.path))))
    if isinstance(signal, AgreementSignal):
        agreed = el("code", ".".join(("output", *signal.of)))
        return (f"agreement of {signal.samples} samples on ", agreed)
    return ("the verdict of ", task_link(signal.task))


# --- cost --------------------------------------------------------------------------------


def _cost(compiled: CompiledTask, edition: Edition) -> tuple[Child, ...]:
    task = compiled.task
    rows = [_cost_row(compiled, edition, tier) for tier in task.tiers]
    head = ("Tier", "Prompt tokens", "Output tokens", "Caches warm", "Caches cold", "Calls a visit")
    unbounded = unmeasured(compiled)
    floor = (
        el(
            "p",
            el("strong", "A floor, not a ceiling: "),
            "nothing bounds the length of ",
            joined(el("code", name) for name in unbounded),
            ", which therefore counts nothing here.",
            class_="note",
        )
        if unbounded
        else None
    )
    caption = f"What one call of {task.name} costs at most on each tier, in USD"
    return (table(caption, head, rows, numbers=(1, 2, 3, 4, 5)), floor)


def _cost_row(compiled: CompiledTask, edition: Edition, tier: Tier) -> tuple[Child, ...]:
    said = call_cost(compiled, edition.facts, tier)
    visit = count(compiled.task.calls(tier))
    if said is None:
        why = "local" if tier.local else "no price"
        return (tier.name, None, f"up to {count(tier.max_tokens)}", why, why, visit)
    return (
        tier.name,
        f"up to {count(said.prompt_tokens)}",
        f"up to {count(tier.max_tokens)}",
        at_most_usd(said.warm),
        at_most_usd(said.cold),
        visit,
    )


# --- what goes in and out ----------------------------------------------------------------


def _schema(task: Task, schema: Schema | None, side: str) -> Child:
    if schema is None:
        return el("p", "None." if side == "input" else "Plain text.")
    found = fields(schema.source)
    if not found:
        return el("p", "An object without declared fields.")
    trusted = task.trusted if side == "input" else None
    head = ["Field", "Type", "Bounds", "Required"]
    if trusted is not None:
        head.append("Trust")
    rows = [_field_row(field, trusted) for field in found]
    return table(f"Fields of the {side} of {task.name}", head, rows)


def _field_row(field: Field, trusted: frozenset[str] | None) -> tuple[Child, ...]:
    needed: Child = "yes" if field.required else "no"
    if field.default is not None:
        needed = ("no, else ", el("code", field.default))
    row: tuple[Child, ...] = (
        (el("code", field.path), el("small", field.description) if field.description else None),
        (field.kind, _values(field)),
        ", ".join(field.bounds) or None,
        needed,
    )
    if trusted is None:
        return row
    word = "trusted" if field.top in trusted else "untrusted"
    return (*row, el("span", word, class_=word))


def _values(field: Field) -> Child:
    shown = [el("code", value) for value in field.values[:_MOST_VALUES]]
    more = len(field.values) - len(shown)
    return (": " if shown else None, joined(shown), f" and {more} more" if more else None)


def _tools(task: Task) -> Element:
    rows = [
        (el("code", str(tool.get("name", tool.get("type", "")))), str(tool.get("description", "")))
        for tool in task.tools
    ]
    return table(f"Tools that {task.name} offers the model", ("Tool", "What it does"), rows)
