"""The picture holds together for any ladder: nothing lies over or outside of anything."""

from __future__ import annotations

import re
from itertools import combinations, pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from router.handbook.html import Element
from router.handbook.picture import Arrow, Box, draw
from router.handbook.words import cells

CELL = 11.5 * 0.602  # the widest of the usual monospaced fonts
LINES = st.lists(st.text(max_size=60), max_size=3).map(tuple)


@st.composite
def ladders(draw_) -> tuple[list[Box], list[Arrow]]:
    size = draw_(st.integers(1, 12))
    boxes = [
        Box(f"{i}", draw_(st.text(min_size=1, max_size=40)), draw_(LINES)) for i in range(size)
    ]
    arrows = []
    for source in range(size):
        above = (
            draw_(st.lists(st.integers(source + 1, size - 1), max_size=3))
            if source < size - 1
            else ()
        )
        labels = draw_(st.lists(st.text(max_size=90), min_size=3, max_size=3))
        arrows += [
            Arrow(f"{source}", f"{target}", label, "why")
            for target, label in zip(above, labels, strict=False)
        ]
        target = draw_(st.integers(0, size - 1))
        if target != source:
            arrows.append(Arrow(f"{source}", f"{target}", fallback=True))
    return boxes, arrows


def picture(boxes: list[Box], arrows: list[Arrow]) -> Element:
    return draw(boxes, arrows, name="x", title="A ladder", text="All of it.")


def shapes(drawn: Element, tag: str, kind: str = "") -> list[dict[str, str]]:
    found = []
    for child in drawn.children:
        if isinstance(child, Element) and child.tag == tag:
            named = dict(child.attributes) | {"text": "".join(map(str, child.children))}
            if kind in named.get("class", ""):
                found.append(named)
    return found


def size(drawn: Element) -> tuple[int, int]:
    _, _, width, height = dict(drawn.attributes)["viewBox"].split()
    return int(width), int(height)


@given(ladders())
def test_boxes_stand_one_below_the_other_inside_the_picture(ladder) -> None:
    drawn = picture(*ladder)
    width, height = size(drawn)
    rects = [
        tuple(float(r[key]) for key in ("x", "y", "width", "height")) for r in shapes(drawn, "rect")
    ]
    assert len(rects) == len(ladder[0])
    for x, y, w, h in rects:
        assert x >= 0
        assert w >= 120
        assert x + w <= width
        assert y + h <= height
    for (_, upper, _, tall), (_, lower, _, _) in pairwise(rects):
        assert upper + tall < lower


@given(ladders())
def test_text_stays_inside_its_box_or_the_gap_below(ladder) -> None:
    drawn = picture(*ladder)
    rects = [
        tuple(float(r[key]) for key in ("x", "y", "width", "height")) for r in shapes(drawn, "rect")
    ]
    right = rects[0][0] + rects[0][2]
    for text in shapes(drawn, "text"):
        assert float(text["x"]) + cells(text["text"]) * CELL <= right
        y = float(text["y"])
        within = [box for box in rects if box[1] <= y <= box[1] + box[3]]
        if text["class"] in ("name", "fact"):
            assert within
        else:
            assert not within


def many_ways_out_of_low_boxes() -> tuple[list[Box], list[Arrow]]:
    """So many lanes that a low box has no place for all of them below where ways come in."""
    arrows = [Arrow(f"{source}", "0", fallback=True) for source in range(1, 12)]
    arrows += [Arrow("4", "8", note="why"), Arrow("6", "9", note="why")]
    arrows += [Arrow("7", "10", note="why"), Arrow("8", "11", note="why")]
    return [Box(f"{index}", "0") for index in range(12)], arrows


@given(ladders())
@example(many_ways_out_of_low_boxes())
def test_ways_stay_inside_and_lanes_do_not_run_over_one_another(ladder) -> None:
    drawn = picture(*ladder)
    width, height = size(drawn)
    runs: list[tuple[int, int, int]] = []
    for path in shapes(drawn, "path", "way"):
        for x, y in re.findall(r"M(\d+) (\d+)", path["d"]):
            assert 0 <= int(x) <= width
            assert 0 <= int(y) <= height
        if path["class"] != "way":
            ((x, low, high),) = re.findall(r"M(\d+) (\d+)V(\d+)", path["d"])
            assert 0 <= int(x) <= width
            runs.append((int(x), int(low), int(high)))
    for (x, low, high), (other, lower, higher) in combinations(runs, 2):
        assert x != other or high <= lower or higher <= low


def test_the_next_tier_is_reached_by_the_trunk_others_by_a_lane() -> None:
    boxes = [Box(key, key) for key in "abc"]
    drawn = picture(
        boxes, [Arrow("a", "b", "sure"), Arrow("a", "c", "risky"), Arrow("c", "a", fallback=True)]
    )
    assert len(shapes(drawn, "path", "head")) == 3
    assert len(shapes(drawn, "path", "skip")) == 2
    assert len(shapes(drawn, "path", "fallback")) == 2
    labels = {text["text"]: text["class"] for text in shapes(drawn, "text", "label")}
    assert labels == {"sure": "label", "to c: risky": "label skip"}


def test_text_of_unknown_width_is_held_to_its_width() -> None:
    drawn = picture([Box("a", "分類する仕事")], [])
    (name,) = shapes(drawn, "text", "name")
    assert float(name["textLength"]) == round(12 * 11.5 * 0.61, 1)
