"""HTML as values: elements hold text as it is, and one function turns it into markup, escaped."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
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
    return "".join(_markup(root))


def _markup(child: Child) -> Iterator[str]:
    if child is None:
        return
    if isinstance(child, str | int):
        yield _text(str(child))
    elif isinstance(child, Element):
        yield from _element(child)
    else:
        for one in child:
            yield from _markup(one)


def _element(element: Element) -> Iterator[str]:
    tag = element.tag
    attributes = "".join(f' {name}="{_text(value)}"' for name, value in element.attributes)
    yield f"<{tag}{attributes}>"
    if tag not in _VOID:
        if tag == "style":  # raw text to a parser: ours, and nobody else's
            yield from (str(child) for child in element.children)
        else:
            yield from _markup(element.children)
        yield f"</{tag}>"
    if tag not in _INLINE:
        yield "\n"


def _text(text: str) -> str:
    return escape(_UNFIT.sub("\ufffd", text))
