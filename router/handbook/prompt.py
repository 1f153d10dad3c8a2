"""The prompt as it is sent and cached: a bar of its parts, and a table of what they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from router.compiler.compilation import CompiledTask
from router.compiler.model import Task, Tier
from router.handbook.edition import Edition
from router.handbook.html import Child, Element, el, joined
from router.handbook.tables import table
from router.handbook.words import count
from router.rules.prompts import Part
from router.rules.sizes import part_sizes, schema_tokens

__all__ = ["prompt_layout"]

_LEAST = 2.0  # percent of the bar
_LEAST_CACHED = 8.0  # room for the name of a lifetime
_LEAST_NUMBERED = 5.0
_HEIGHT = 52
_STATES = {True: "constant", False: "varying"}


@dataclass(frozen=True, slots=True)
class _Piece:
    """One part of the prompt as the page tells it."""

    kind: str
    what: Child
    tokens: int
    constant: bool
    total: int  # tokens up to and with it
    ttl: str | None = None
    cached: tuple[Child, ...] = ()


def prompt_layout(compiled: CompiledTask, edition: Edition) -> tuple[Element, ...]:
    """A picture and a table, for the first tier's tokenizer."""
    pieces = tuple(_pieces(compiled, edition))
    name = compiled.task.name
    rows = [
        (
            count(number),
            piece.what,
            _size(piece),
            count(piece.total),
            _cache(piece),
        )
        for number, piece in enumerate(pieces, start=1)
    ]
    head = ("Part", "What it is", "Tokens", "Up to here", "Cached")
    caption = f"Parts of the prompt of {name} in the order in which they are sent"
    return (
        _bar(pieces, name),
        _legend(),
        table(caption, head, rows, numbers=(2, 3), class_="parts"),
    )


def _pieces(compiled: CompiledTask, edition: Edition) -> Iterator[_Piece]:
    task, facts = compiled.task, edition.facts
    model = facts.model(task.tiers[0])
    by_tier = {tier.name: part_sizes(compiled, facts.model(tier)) for tier in task.tiers}
    total, varying = 0, False
    for index, size in enumerate(part_sizes(compiled, model)):
        total += size.tokens
        varying = varying or not size.constant
        part = size.part
        verdicts: list[Child] = []
        for tier in task.tiers if part.cache is not None else ():
            known = facts.model(tier)
            least = known.limits.min_cacheable_tokens if known and known.limits else None
            prefix = sum(one.tokens for one in by_tier[tier.name][: index + 1])
            verdicts.append(_verdict(tier, prefix, least, varying))
        yield _Piece(
            part.kind,
            _what(part, task),
            size.tokens,
            size.constant,
            total,
            part.cache,
            tuple(verdicts),
        )
    schema = schema_tokens(compiled, model)
    if schema:
        yield _Piece(
            "schema", "Output schema, sent beside the prompt", schema, True, total + schema
        )


def _verdict(tier: Tier, prefix: int, least: int | None, varying: bool) -> Child:
    if tier.local:
        return el("span", f"{tier.name}: no, it is local", class_="no")
    if least is not None and prefix < least:
        return el("span", f"{tier.name}: no, below its {count(least)} tokens", class_="no")
    while_same = ", while the inputs in it stay the same" if varying else ""
    return el("span", f"{tier.name}: yes{while_same}", class_="yes")


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


def _size(piece: _Piece) -> str:
    return count(piece.tokens) if piece.constant else f"up to {count(piece.tokens)}"


def _cache(piece: _Piece) -> Child:
    if piece.ttl is None:
        return None
    verdicts = [el("li", one) for one in piece.cached]
    return (el("b", f"for {piece.ttl}"), el("ul", *verdicts, class_="plain"))


def _bar(pieces: Sequence[_Piece], name: str) -> Element:
    widths = _widths(pieces)
    shapes: list[Element] = []
    left = 0.0
    for number, (piece, width) in enumerate(zip(pieces, widths, strict=True), start=1):
        state = "schema" if piece.kind == "schema" else _STATES[piece.constant]
        shapes.append(
            el(
                "rect",
                class_=f"part {state}",
                x=_percent(left),
                width=_percent(width),
                y=20,
                height=30,
            )
        )
        if width >= _LEAST_NUMBERED:
            middle = _percent(left + width / 2)
            shapes.append(el("text", number, class_=f"on-{state}", x=middle, y=39))
        left += width
        if piece.ttl is not None:
            end = _percent(left)
            shapes.append(el("line", class_="mark", x1=end, x2=end, y1=4, y2=_HEIGHT))
            shapes.append(el("text", piece.ttl, class_="ttl", x=end, dx=-4, y=14))
    return el(
        "svg",
        el("title", f"Prompt of {name}", id=f"prompt-{name}-title"),
        el(
            "desc",
            "Parts by their share of the tokens, with a line where a cached prefix ends; "
            "the table that follows says the same.",
            id=f"prompt-{name}-text",
        ),
        *shapes,
        class_="bar",
        width="100%",
        height=_HEIGHT,
        role="img",
        aria_labelledby=f"prompt-{name}-title prompt-{name}-text",
    )


def _legend() -> Element:
    said = (
        ("constant", "the same in every call"),
        ("varying", "decided by inputs, at their longest"),
        ("schema", "output schema, never cached"),
    )
    return el(
        "p",
        *(
            el(
                "span",
                el(
                    "svg",
                    el("rect", class_=f"part {state}", width=12, height=12),
                    width=12,
                    height=12,
                    aria_hidden="true",
                ),
                words,
            )
            for state, words in said
        ),
        class_="legend",
    )


def _widths(pieces: Sequence[_Piece]) -> list[float]:
    """Percent of the bar by tokens, with room for what has to be seen."""
    total = sum(piece.tokens for piece in pieces) or 1
    least = [_LEAST if piece.ttl is None else _LEAST_CACHED for piece in pieces]
    raw = [
        max(100 * piece.tokens / total, smallest)
        for piece, smallest in zip(pieces, least, strict=True)
    ]
    over = sum(raw) - 100
    spare = sum(width - smallest for width, smallest in zip(raw, least, strict=True))
    if over <= 0 or spare < over:
        return [100 * width / sum(raw) for width in raw]
    return [
        width - over * (width - smallest) / spare
        for width, smallest in zip(raw, least, strict=True)
    ]


def _percent(value: float) -> str:
    return f"{value:.2f}%"
