"""A YAML value with its place: what the reader gives and every check points into."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from router.policy.offsets import Offsets, split_lines
from router.types import Span

__all__ = ["Mark", "Node", "SourceText"]

Mark = tuple[int, int, int, int]
"""Line, column, end line, end column; from 0 as libyaml counts them, the end exclusive."""


_ANCHOR = r"(?m:^|[\s\[{,])&[^\s,\[\]{}]"


class SourceText:
    """One file's name and decoded text; lines are split only when a finding needs one."""

    __slots__ = ("_lines", "_offsets", "_shares", "file", "text")

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.text = text
        self._lines: list[str] | None = None
        self._offsets: Offsets | None = None
        self._shares: bool | None = None

    def line(self, number: int) -> str:
        """Line `number`, from 1; empty past the end."""
        if self._lines is None:
            self._lines = split_lines(self.text)
        return self._lines[number - 1] if 0 < number <= len(self._lines) else ""

    @property
    def offsets(self) -> Offsets:
        """Between places and offsets in the text."""
        if self._offsets is None:
            self._offsets = Offsets(self.text)
        return self._offsets

    @property
    def shares(self) -> bool:
        """Whether a value may stand in several places: whether something looks like an anchor."""
        if self._shares is None:
            self._shares = re.search(_ANCHOR, self.text) is not None
        return self._shares


class Node:
    """A scalar, list or map as written. Not a dataclass: thousands are made per policy set.

    `value` is a plain scalar, a list of nodes, or a dict of nodes by key. `style` is None for
    lists and maps, else "plain", "single", "double", "literal" or "folded". Treated as immutable.
    """

    __slots__ = ("key_marks", "mark", "source", "style", "value")

    def __init__(
        self,
        value: Any,
        source: SourceText,
        mark: Mark,
        style: str | None = None,
        key_marks: dict[str, tuple[SourceText, Mark]] | None = None,
    ) -> None:
        self.value = value
        self.source = source
        self.mark = mark
        self.style = style
        self.key_marks = key_marks

    @property
    def is_map(self) -> bool:
        return type(self.value) is dict

    @property
    def is_list(self) -> bool:
        return type(self.value) is list

    @property
    def span(self) -> Span:
        return _span(self.source, self.mark)

    def key_span(self, key: str) -> Span:
        """Where the key is written; the map's own place if it is not (a default)."""
        found = (self.key_marks or {}).get(key)
        return self.span if found is None else _span(*found)

    def get(self, key: str) -> Node | None:
        """The child under `key`; None where absent or where this is no map."""
        return self.value.get(key) if type(self.value) is dict else None

    def at(self, *path: str | int) -> Node | None:
        """The node under a path of keys and indices, None where it leads nowhere."""
        node: Node | None = self
        for step in path:
            if node is None:
                return None
            if isinstance(step, int):
                items = node.value if node.is_list else []
                node = items[step] if step < len(items) else None
            else:
                node = node.get(step)
        return node

    def items(self) -> Iterator[tuple[str, Node]]:
        """Key and child of a map, in order; nothing for other kinds."""
        return iter(self.value.items() if type(self.value) is dict else ())

    def elements(self) -> Iterator[Node]:
        """Elements of a list; nothing for other kinds."""
        return iter(self.value if type(self.value) is list else ())

    def plain(self) -> Any:
        """The value as plain Python data, places dropped."""
        value = self.value
        # Only scalars have a style; most children are scalars, which spares a call for each.
        if type(value) is dict:
            return {k: c.value if c.style else c.plain() for k, c in value.items()}
        if type(value) is list:
            return [c.value if c.style else c.plain() for c in value]
        return value


def _span(source: SourceText, mark: Mark) -> Span:
    line, column, end_line, end_column = mark
    return Span(source.file, line + 1, column + 1, end_line + 1, end_column + 1)
