"""The ladder drawn: tiers as boxes, the ways between them as arrows. Pure geometry, no fonts asked.

The trunk leads from each tier to the next. What skips tiers goes up on the right, what falls back
(dashed) on the left; all arrows into one tier share a lane. Text is monospaced, so that its width
is known without a browser; what does not fit is cut off: the words beside the picture say it all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from router.handbook.html import Element, el
from router.handbook.words import cells, shorten, wrap

__all__ = ["Arrow", "Box", "draw"]

WIDTH = 340
_EDGE = 6  # between the picture's edge and what is in it
_LANE = 11  # between two lanes, where there are few
_LANES = 66  # for all lanes of a side
_PAD = 12  # within a box
_LINE = 15
_SIZE = 11.5  # of text
_CELL = _SIZE * 0.61  # no monospaced font of the usual ones is wider
_TRUNK = 22  # from a box's left side
_GAP = 30  # between boxes, without labels
_MOST_LINES = 3  # of one label
_HEAD = 7  # an arrow's


@dataclass(frozen=True, slots=True)
class Box:
    """One thing on the ladder: its name and lines of what is to be said of it."""

    key: str
    name: str
    lines: tuple[str, ...] = ()
    kind: Literal["start", "tier", "end"] = "tier"

    @property
    def height(self) -> int:
        return _PAD + _LINE + _LINE * len(self.lines) + _PAD - 4


@dataclass(frozen=True, slots=True)
class Arrow:
    """One way between two boxes, by their keys. Labels are told from notes by their looks."""

    source: str
    target: str
    label: str = ""
    note: str | None = None
    fallback: bool = False


def draw(
    boxes: Sequence[Box], arrows: Sequence[Arrow], *, name: str, title: str, text: str
) -> Element:
    """The picture. `name` makes ids of it; `title` and `text` say what it shows."""
    plan = _Plan(boxes, arrows)
    body = [*plan.lanes(), *plan.trunks(), *plan.boxes(), *plan.labels()]
    return el(
        "svg",
        el("title", title, id=f"{name}.title"),
        el("desc", text, id=f"{name}.text"),
        *body,
        class_="ladder",
        viewBox=f"0 0 {WIDTH} {plan.height}",
        role="img",
        aria_labelledby=f"{name}.title {name}.text",
    )


class _Plan:
    """Where everything goes."""

    def __init__(self, boxes: Sequence[Box], arrows: Sequence[Arrow]) -> None:
        self._boxes = boxes
        self._order = {box.key: index for index, box in enumerate(boxes)}
        self._arrows = [a for a in arrows if not a.fallback]
        skips = [a for a in self._arrows if not self._adjacent(a)]
        falls = [a for a in arrows if a.fallback]
        self._right = _Lanes(skips, self._order)
        self._left = _Lanes(falls, self._order)
        self.left = _EDGE + self._left.width
        self.right = WIDTH - _EDGE - self._right.width
        self._room = int((self.right - self.left - _TRUNK - 14) / _CELL)
        self._tops: dict[str, int] = {}
        y = _EDGE
        for box in boxes:
            self._tops[box.key] = y
            y += box.height + self._gap(box)
        self.height = y - self._gap(boxes[-1]) + _EDGE

    def _adjacent(self, arrow: Arrow) -> bool:
        return self._order[arrow.target] == self._order[arrow.source] + 1

    def _gap(self, box: Box) -> int:
        lines = self._label_lines(box)
        return _GAP + _LINE * len(lines)

    def _label_lines(self, box: Box) -> list[tuple[str, str]]:
        """Class and text of each line below a box: its arrows' labels and notes."""
        found: list[tuple[str, str]] = []
        names = {one.key: one.name for one in self._boxes}
        own = [arrow for arrow in self._arrows if arrow.source == box.key]
        for arrow in sorted(own, key=lambda one: not self._adjacent(one)):
            skip = not self._adjacent(arrow)
            label = f"to {names[arrow.target]}: {arrow.label}" if skip else arrow.label
            kind = "label skip" if skip else "label"
            found += [(kind, line) for line in wrap(label, self._room, _MOST_LINES)]
            if arrow.note:
                found += [("note", line) for line in wrap(arrow.note, self._room, 2)]
        return found

    # --- what is drawn --------------------------------------------------------------------

    def boxes(self) -> Iterator[Element]:
        for box in self._boxes:
            top, width = self._tops[box.key], self.right - self.left
            room = int((width - 2 * _PAD) / _CELL)
            yield el(
                "rect",
                class_=f"box {box.kind}",
                x=self.left,
                y=top,
                width=width,
                height=box.height,
                rx=7,
            )
            lines = [("name", box.name), *(("fact", line) for line in box.lines)]
            for number, (kind, line) in enumerate(lines):
                yield _text(
                    kind, self.left + _PAD, top + _PAD + 8 + _LINE * number, shorten(line, room)
                )

    def trunks(self) -> Iterator[Element]:
        x = self.left + _TRUNK
        linked = {arrow.source for arrow in self._arrows if self._adjacent(arrow)}
        for box, following in zip(self._boxes, self._boxes[1:], strict=False):
            if box.key in linked:
                bottom, top = self._tops[box.key] + box.height, self._tops[following.key]
                yield el("path", class_="way", d=f"M{x} {bottom}V{top - _HEAD}")
                yield el("path", class_="head", d=_head(x, top, "down"))

    def labels(self) -> Iterator[Element]:
        x = self.left + _TRUNK + 14
        for box in self._boxes:
            y = self._tops[box.key] + box.height + _GAP // 2 + 8
            for kind, line in self._label_lines(box):
                yield _text(kind, x, y, line)
                y += _LINE

    def lanes(self) -> Iterator[Element]:
        yield from self._side(self._right, self.right, 1, "way skip", "head skip")
        yield from self._side(self._left, self.left, -1, "way fallback", "head fallback")

    def _side(self, lanes: _Lanes, edge: int, sign: int, way: str, head: str) -> Iterator[Element]:
        for target, sources in lanes.sources.items():
            x = edge + sign * lanes.offset(target)
            into = self._tops[target] + _PAD + 4
            outs = [self._out(source, lanes.of[target]) for source in sources]
            # One line for all, or dashes of several would fill each other's gaps.
            stubs = "".join(f"M{edge} {out}H{x}" for out in outs)
            ends = min(into, *outs), max(into, *outs)
            lane = f"M{x} {ends[0]}V{ends[1]}M{x} {into}H{edge + sign * _HEAD}"
            yield el("path", class_=way, d=stubs + lane)
            yield el("path", class_=head, d=_head(edge, into, "left" if sign > 0 else "right"))

    def _out(self, source: str, lane: int) -> int:
        """Where ways leave a box for a lane: apart, as long as that is below where ways come in."""
        top, box = self._tops[source], self._boxes[self._order[source]]
        return max(top + _PAD + 4, top + box.height - _PAD - 2 - 4 * lane)


class _Lanes:
    """Which lane leads into which box: short ways inside, long ones outside, none over another."""

    def __init__(self, arrows: Sequence[Arrow], order: dict[str, int]) -> None:
        self.sources: dict[str, list[str]] = {}
        for arrow in arrows:
            into = self.sources.setdefault(arrow.target, [])
            if arrow.source not in into:
                into.append(arrow.source)
        self.of: dict[str, int] = {}
        taken: list[list[tuple[int, int]]] = []
        for target in sorted(
            self.sources, key=lambda one: (_length(self._span(one, order)), order[one])
        ):
            low, high = self._span(target, order)
            lane = next(
                (i for i, used in enumerate(taken) if all(high <= a or b <= low for a, b in used)),
                len(taken),
            )
            if lane == len(taken):
                taken.append([])
            taken[lane].append((low, high))
            self.of[target] = lane
        self._pitch = min(_LANE, _LANES // max(len(taken), 1))
        self.width = _HEAD + self._pitch * len(taken) if taken else 0

    def offset(self, target: str) -> int:
        """How far from the boxes the lane into a box runs."""
        return _HEAD + self._pitch * (self.of[target] + 1) - 2

    def _span(self, target: str, order: dict[str, int]) -> tuple[int, int]:
        # Ways come into a box above where they leave it.
        places = [2 * order[target], *(2 * order[source] + 1 for source in self.sources[target])]
        return min(places), max(places)


def _length(span: tuple[int, int]) -> int:
    return span[1] - span[0]


def _head(x: int, y: int, way: str) -> str:
    """A triangle whose point is at x, y."""
    half = _HEAD // 2 + 1
    if way == "down":
        return f"M{x} {y}l-{half} -{_HEAD}h{2 * half}z"
    side = _HEAD if way == "left" else -_HEAD
    return f"M{x} {y}l{side} -{half}v{2 * half}z"


def _text(kind: str, x: int, y: int, line: str) -> Element:
    width = cells(line) * _CELL
    # Beyond the scripts that monospaced fonts hold, a width is a guess: make it come true.
    exact = max(map(ord, line), default=0) >= 0x530
    return el(
        "text",
        line,
        class_=kind,
        x=x,
        y=y,
        textLength=round(width, 1) if exact else None,
        lengthAdjust="spacingAndGlyphs" if exact else None,
    )
