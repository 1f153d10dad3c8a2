"""HTML as values: elements hold text as it is, and one function turns it into markup, escaped."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import TypeAlias, Union

__all__ = ["Child", "Element", "el", "joined", "render"]

Child: TypeAlias = Union["Element", str, int, Iterable["Child"], None]

_VOID = frozenset({"br", "meta"})
_INLINE = frozenset(
    {
        "a",
        "abbr",
        "b",
        "bdi",
        "code",
        "dfn",
        "em",
        "small",
        "span",
        "strong",
        "time",
        "tspan",
        "wbr",
    }
)
# What a page may not hold: controls, halves of surrogate pairs, noncharacters.
_UNFIT = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef"
    + "".join(chr(plane * 0x10000 + end) for plane in range(17) for end in (0xFFFE, 0xFFFF))
    + "]"
)


@dataclass(frozen=True, slots=True)
class Element:
    """One element. `attributes` and `children` are plain text, nothing in them is markup."""

    tag: str
    attributes: tuple[tuple[str, str], ...]
    children: tuple[Child, ...]


def el(tag: str, *children: Child, **attributes: str | int | float | None) -> Element:
    """An element: `class_` is the attribute `class`, `text_anchor` is `text-anchor`.

    Attributes and children that are None are left out.
    """
    named = tuple(
        (
            name.rstrip("_").replace("_", "-"),
            f"{value:g}" if isinstance(value, float) else f"{value}",
        )
        for name, value in attributes.items()
        if value is not None
    )
    return Element(tag, named, children)


def joined(items: Iterable[Child]) -> tuple[Child, ...]:
    """The items with commas between them."""
    return tuple(piece for item in items for piece in (", ", item))[1:]


def render(root: Child) -> str:
    """The markup. Characters that no page may hold become U+FFFD."""
    pieces: list[str] = []
    _write(root, pieces)
    return "".join(pieces)


def _write(child: Child, pieces: list[str]) -> None:
    if child is None:
        return
    if isinstance(child, str | int):
        pieces.append(_text(str(child)))
    elif isinstance(child, Element):
        _write_element(child, pieces)
    else:
        for one in child:
            _write(one, pieces)


def _write_element(element: Element, pieces: list[str]) -> None:
    tag = element.tag
    attributes = "".join(f' {name}="{_text(value)}"' for name, value in element.attributes)
    pieces.append(f"<{tag}{attributes}>")
    if tag == "style":  # raw text to a parser: ours, and nobody else's
        pieces += map(str, element.children)
    else:
        _write(element.children, pieces)
    if tag not in _VOID:
        pieces.append(f"</{tag}>")
    if tag not in _INLINE:
        pieces.append("\n")


def _text(text: str) -> str:
    return escape(_UNFIT.sub("\ufffd", text))
