"""A task's ladder: the picture, and beside it every way in words."""

from __future__ import annotations

import json
from collections.abc import Iterator

from router.catalog.lookup import describe
from router.catalog.models import Rates
from router.catalog.pricing import rates
from router.compiler.model import Exhausted, Task, Tier
from router.errors import CatalogError
from router.handbook.edition import Edition
from router.handbook.html import Child, Element, el
from router.handbook.moves import Move, fallbacks, moves_from, starts
from router.handbook.picture import Arrow, Box, draw
from router.handbook.words import count, many, seconds, usd

__all__ = ["ladder", "picture"]

_START, _END = "start", "end"
_GIVES = {"best": "the best answer", "value": "the policy's own value", "error": "an error"}


def ladder(task: Task, edition: Edition) -> Element:
    """Picture and words side by side."""
    legend = el(
        "figcaption",
        "Solid: the answer is not good enough. Dashed: the tier cannot answer at all. "
        "An answer that no arrow takes is accepted.",
    )
    figure = el("figure", picture(task, edition), legend)
    return el("div", figure, _words(task, edition), class_="beside")


def picture(task: Task, edition: Edition) -> Element:
    """The ladder as SVG; its looks come from the page's style sheet."""
    boxes = [
        Box(_START, "A run starts", kind="start"),
        *(Box(_key(tier.name), tier.name, _lines(tier, edition)) for tier in task.tiers),
        Box(_END, "Not accepted", (f"gives {_GIVES[task.exhausted.mode]}",), kind="end"),
    ]
    tiers = many(len(task.tiers), "tier")
    return draw(
        boxes,
        tuple(_arrows(task)),
        name=f"ladder-{task.name}",
        title=f"Ladder of {task.name}",
        text=f"{tiers}: {', '.join(tier.name for tier in task.tiers)}. "
        "The list beside the picture tells every way in words.",
    )


def _key(tier: str) -> str:
    return f"tier {tier}"  # no tier can be named like this: names have no blanks


# --- the picture -------------------------------------------------------------------------


def _lines(tier: Tier, edition: Edition) -> tuple[str, ...]:
    return tier.model, " · ".join(_ceilings(tier)), _price(tier, edition)


def _ceilings(tier: Tier) -> Iterator[str]:
    yield f"{count(tier.max_tokens)} tokens"
    if tier.effort is not None:
        yield f"effort {tier.effort}"
    if tier.timeout is not None:
        yield seconds(tier.timeout)


def _price(tier: Tier, edition: Edition) -> str:
    found = _rates(tier, edition)
    if found is None:
        return "local, no price" if tier.local else "no price known"
    return f"{usd(found.input)} in · {usd(found.output)} out per M tokens"


def _rates(tier: Tier, edition: Edition) -> Rates | None:
    model = edition.facts.model(tier)
    if model is None:
        return None
    try:
        return rates(model, edition.facts.today)
    except CatalogError:
        return None


def _arrows(task: Task) -> Iterator[Arrow]:
    for move in starts(task):
        yield _arrow(_START, move)
    last = task.tiers[-1].name
    for tier in task.tiers:
        for move in moves_from(task, tier):
            # What ends a run early is told in words: as lines to the end it would drown the rest.
            if move.to is not None or tier.name == last:
                yield _arrow(_key(tier.name), move)
        for name in fallbacks(task, tier)[:1]:
            yield Arrow(_key(tier.name), _key(name), fallback=True)


def _arrow(source: str, move: Move) -> Arrow:
    target = _END if move.to is None else _key(move.to)
    label = f"confidence below {move.label}" if move.kind == "below" else move.label
    return Arrow(source, target, label, move.reason)


# --- the words ---------------------------------------------------------------------------


def _words(task: Task, edition: Edition) -> Element:
    first = starts(task)
    begin = el("li", el("p", "A run goes"), el("ul", *(el("li", *_way(one)) for one in first)))
    tiers = (_tier(task, tier, edition) for tier in task.tiers)
    end = el("li", el("p", *_end(task.exhausted)))
    return el("ul", begin if len(first) > 1 else None, *tiers, end, class_="plain ways")


def _end(exhausted: Exhausted) -> Iterator[Child]:
    yield f"When no answer was accepted, the run gives {_GIVES[exhausted.mode]}"
    if exhausted.mode == "value":
        value = json.dumps(exhausted.value, ensure_ascii=False, default=str)
        yield from (", ", el("code", value))
    if exhausted.mode != "error":
        yield ", marked as not accepted"
    yield "."


def _tier(task: Task, tier: Tier, edition: Edition) -> Element:
    ways = [el("li", *_way(move)) for move in moves_from(task, tier)]
    others = fallbacks(task, tier)
    if others:
        ways.append(el("li", "to ", el("b", ", then ".join(others)), " if it cannot answer at all"))
    return el("li", el("p", *_head(tier, edition)), el("ul", *ways))


def _head(tier: Tier, edition: Edition) -> Iterator[Child]:
    yield from (el("b", tier.name), " asks ", el("code", tier.model))
    settings = [
        f"at most {count(tier.max_tokens)} tokens",
        *([f"effort {tier.effort}"] if tier.effort else ()),
        *([f"thinking {tier.thinking}"] if tier.thinking else ()),
        *([f"{seconds(tier.timeout)} a call"] if tier.timeout is not None else ()),
        *([f"speed {tier.speed}"] if tier.speed else ()),
        *([f"service tier {tier.service_tier}"] if tier.service_tier else ()),
        *([f"geography {tier.geography}"] if tier.geography else ()),
        *([f"stops at {', '.join(tier.stop_sequences)}"] if tier.stop_sequences else ()),
    ]
    yield f": {', '.join(settings)}"
    verdict = describe(edition.facts.catalog, tier.model, edition.facts.today)
    if not tier.local and verdict.kind != "ok":
        yield from (" ", el("span", str(verdict), class_="badge warning"))


def _way(move: Move) -> Iterator[Child]:
    yield from ("to ", el("b", move.to)) if move.to is not None else (el("b", "not accepted"),)
    if move.kind == "when":
        yield from (" when ", el("code", move.label))
    elif move.kind == "below":
        yield f" when confidence is below {move.label}"
    elif move.kind == "events":
        yield f" on {move.label}"
    else:
        yield " otherwise"
    if move.reason:
        yield from (", ", el("em", move.reason))
