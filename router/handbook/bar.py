"""The prompt drawn: a bar of its parts by their tokens, with a mark where a cached prefix ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

from router.compiler.model import Ttl
from router.handbook.html import Element, el

__all__ = ["Segment", "bar", "legend", "widths"]

State = Literal["constant", "varying", "schema"]

_WORDS: dict[State, str] = {
    "constant": "the same in every call",
    "varying": "decided by inputs, at their longest",
    "schema": "output schema, never cached",
}
_LEAST = 2.0  # percent of the bar
_LEAST_CACHED = 8.0  # room for the name of a lifetime
_LEAST_NUMBERED = 5.0
_HEIGHT = 52
_SAMPLE = 12


class Segment(NamedTuple):
    """One part of the prompt; `ttl` where a breakpoint follows it."""

    state: State
    tokens: int
    ttl: Ttl | None = None


def bar(segments: Sequence[Segment], name: str) -> Element:
    """The bar as wide as there is room, its parts numbered where their numbers fit."""
    return el(
        "svg",
        el("title", f"Prompt of {name}", id=f"prompt-{name}.title"),
        el(
            "desc",
            "Parts by their share of the tokens, with a line where a cached prefix ends; "
            "the table that follows says the same.",
            id=f"prompt-{name}.text",
        ),
        *_shapes(segments),
        class_="bar",
        width="100%",
        height=_HEIGHT,
        role="img",
        aria_labelledby=f"prompt-{name}.title prompt-{name}.text",
    )


def legend(segments: Iterable[Segment]) -> Element:
    """What the colours of the bar mean."""
    states = {segment.state for segment in segments}
    return el("p", *(_meaning(state) for state in _WORDS if state in states), class_="legend")


def widths(segments: Sequence[Segment]) -> list[float]:
    """Percent of the bar by tokens, with room for what has to be seen."""
    total = sum(segment.tokens for segment in segments) or 1
    least = [_LEAST if segment.ttl is None else _LEAST_CACHED for segment in segments]
    wanted = [
        max(100 * segment.tokens / total, smallest)
        for segment, smallest in zip(segments, least, strict=True)
    ]
    over, spare = sum(wanted) - 100, sum(wanted) - sum(least)
    if over <= 0 or spare < over:  # too little to fill the bar with, or too much
        return [100 * width / sum(wanted) for width in wanted]
    return [
        width - over * (width - smallest) / spare
        for width, smallest in zip(wanted, least, strict=True)
    ]


def _shapes(segments: Sequence[Segment]) -> Iterator[Element]:
    left = 0.0
    for number, (segment, width) in enumerate(
        zip(segments, widths(segments), strict=True), start=1
    ):
        state, end = segment.state, _percent(left + width)
        place = {"x": _percent(left), "width": _percent(width)}
        yield el("rect", class_=f"part {state}", y=20, height=30, **place)
        if width >= _LEAST_NUMBERED:
            yield el("text", number, class_=f"on-{state}", x=_percent(left + width / 2), y=39)
        if segment.ttl is not None:
            yield el("line", class_="mark", x1=end, x2=end, y1=4, y2=_HEIGHT)
            yield el("text", segment.ttl, class_="ttl", x=end, dx=-4, y=14)
        left += width


def _meaning(state: State) -> Element:
    sample = el("rect", class_=f"part {state}", width=_SAMPLE, height=_SAMPLE)
    picture = el("svg", sample, width=_SAMPLE, height=_SAMPLE, aria_hidden="true")
    return el("span", picture, _WORDS[state])


def _percent(value: float) -> str:
    return f"{value:.2f}%"
