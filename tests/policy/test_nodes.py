"""Texts and their lines."""

from __future__ import annotations

import pytest

from router.policy.nodes import SourceText
from router.policy.offsets import Offsets


@pytest.mark.parametrize(
    "character", ["\f", "\v", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"]
)
def test_what_no_editor_breaks_a_line_at_stays_within_it(character: str) -> None:
    text = f"one{character}still one\ntwo"
    source = SourceText("p.md", text)
    assert source.line(1) == f"one{character}still one"
    assert source.line(2) == "two"


@pytest.mark.parametrize("line_break", ["\n", "\r", "\r\n"])
def test_lines_are_the_ones_that_places_count(line_break: str) -> None:
    """The line that a caret is drawn under is the one that offsets lead into."""
    text = line_break.join(["a", "", "\fb", "c\u2028d", ""])
    source, offsets = SourceText("p.md", text), Offsets(text)
    for offset, character in enumerate(text):
        if character not in "\r\n":
            line, column = offsets.place(offset)
            assert source.line(line)[column - 1] == character


@pytest.mark.parametrize("number", [-1, 0, 3])
def test_there_is_nothing_on_a_line_that_is_not_there(number: int) -> None:
    assert SourceText("p.md", "a\nb").line(number) == ""
