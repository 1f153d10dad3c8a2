"""The prompt as it is sent and cached: a bar of its parts, and a table of what they are."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate

from router.compiler.compilation import CompiledTask
from router.compiler.model import Task, Tier
from router.handbook.bar import Segment, bar, legend
from router.handbook.edition import Edition
from router.handbook.html import Child, Element, el, joined
from router.handbook.tables import table
from router.handbook.words import count
from router.rules.prompts import Part
from router.rules.sizes import PartSize, part_sizes, schema_tokens

__all__ = ["prompt_layout"]


def prompt_layout(compiled: CompiledTask, edition: Edition) -> tuple[Element, ...]:
    """A picture and a table, as the first tier's model counts tokens."""
    task = compiled.task
    model = edition.facts.model(task.tiers[0])
    sizes, schema = part_sizes(compiled, model), schema_tokens(compiled, model)
    segments = [_segment(size) for size in sizes]
    told: list[tuple[Child, str, Child]] = [
        (_what(size.part, task), _tokens(segment), _cached(compiled, edition, index))
        for index, (size, segment) in enumerate(zip(sizes, segments, strict=True))
    ]
    if schema:
        segments.append(Segment("schema", schema))
        told.append(("Output schema, sent beside the prompt", count(schema), None))
    totals = accumulate(segment.tokens for segment in segments)
    rows = [
        (count(number), what, tokens, count(total), cached)
        for number, (total, (what, tokens, cached)) in enumerate(zip(totals, told, strict=True), 1)
    ]
    head = ("Part", "What it is", "Tokens", "Up to here", "Cached")
    caption = f"Parts of the prompt of {task.name} in the order in which they are sent"
    return (
        bar(segments, task.name),
        legend(segments),
        table(caption, head, rows, numbers=(2, 3), class_="parts"),
    )


def _segment(size: PartSize) -> Segment:
    return Segment("constant" if size.constant else "varying", size.tokens, size.part.cache)


def _tokens(segment: Segment) -> str:
    return f"{'' if segment.state == 'constant' else 'up to '}{count(segment.tokens)}"


def _what(part: Part, task: Task) -> Child:
    if part.kind == "tool":
        return ("Tool ", el("code", str(part.tool.get("name", part.tool.get("type", "")))))
    block = part.block
    if block is None:
        turns = task.prompt.messages
        return ("Turns of the conversation, from input ", el("code", turns.input if turns else ""))
    place = "System" if part.kind == "system" else "User"
    if block.kind != "text":
        origin = ("from input ", el("code", block.input)) if block.input else "read from a file"
        return (f"{place}: {block.kind} ", origin)
    template = part.template
    if template is None:
        return place
    file = el("code", template.file) if template.file else "text in the policy"
    names = sorted(template.names)
    used = (", with ", joined(el("code", name) for name in names)) if names else None
    return (f"{place}: ", file, used)


# --- cached, and by whom -----------------------------------------------------------------


def _cached(compiled: CompiledTask, edition: Edition, index: int) -> Child:
    """What a breakpoint after a part does on each tier, tiers that agree together."""
    sizes = part_sizes(compiled, edition.facts.model(compiled.task.tiers[0]))
    ttl = sizes[index].part.cache
    if ttl is None:
        return None
    agreeing: dict[str | None, list[str]] = {}
    for tier in compiled.task.tiers:
        agreeing.setdefault(_obstacle(compiled, edition, tier, index), []).append(tier.name)
    constant = all(size.constant for size in sizes[: index + 1])
    return (
        el("b", f"for {ttl}"),
        el("ul", *_verdicts(agreeing, constant=constant), class_="plain"),
    )


def _verdicts(agreeing: dict[str | None, list[str]], *, constant: bool) -> Iterator[Element]:
    for obstacle, tiers in agreeing.items():
        names = ", ".join(tiers)
        if obstacle is not None:
            yield el("li", f"{names}: no, {obstacle}", class_="no")
        else:
            same = "" if constant else ", while the inputs in it stay the same"
            yield el("li", f"{names}: yes{same}", class_="yes")


def _obstacle(compiled: CompiledTask, edition: Edition, tier: Tier, index: int) -> str | None:
    """Why the tier's model caches nothing up to a part; None where it does."""
    if tier.local:
        return "it is local"
    model = edition.facts.model(tier)
    least = model.limits.min_cacheable_tokens if model is not None and model.limits else None
    prefix = sum(size.tokens for size in part_sizes(compiled, model)[: index + 1])
    if least is not None and prefix < least:
        return f"below its {count(least)} tokens"
    return None
