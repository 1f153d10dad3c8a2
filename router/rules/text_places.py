"""Where a name stands in a template: in its own file, or in the policy's text block."""

from __future__ import annotations

import re

from router.compiler.places_in_policy import span_in_scalar
from router.policy.nodes import Node, SourceText
from router.rules.prompts import CheckedTemplate, Part
from router.types import Span

__all__ = ["name_place", "place_in_scalar"]

_TAGS = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_STRINGS = re.compile(r"\"[^\"]*\"|'[^']*'")


def name_place(part: Part, template: CheckedTemplate, name: str) -> tuple[SourceText, Span]:
    """The first place where the template uses `name`; the block where it cannot be pointed at."""
    offset = _offset(template.source, name)
    if template.file is not None:
        source = SourceText(template.file, template.source)
        if offset is None:  # in an included file
            return part.node.source, part.node.span
        line = template.source.count("\n", 0, offset)
        column = offset - (template.source.rfind("\n", 0, offset) + 1)
        span = Span(template.file, line + 1, column + 1, line + 1, column + 1 + len(name))
        return source, span
    node = _text_node(part.node)
    found = None if offset is None else place_in_scalar(node, offset, len(name))
    return node.source, found or node.span


def place_in_scalar(node: Node, offset: int, length: int) -> Span | None:
    """The place of a stretch of a scalar's text; None where folding or escapes hide it."""
    row = node.value.count("\n", 0, offset) + 1
    column = offset - node.value.rfind("\n", 0, offset)
    return span_in_scalar(node, row, column, column + length)


def _offset(source: str, name: str) -> int | None:
    word = re.compile(rf"(?<![\w.]){re.escape(name)}\b")
    for tag in _TAGS.finditer(source):
        bare = _STRINGS.sub(lambda quoted: " " * len(quoted[0]), tag[0])
        found = word.search(bare)
        if found is not None:
            return tag.start() + found.start()
    return None


def _text_node(node: Node) -> Node:
    """The scalar that holds a block's text."""
    if node.is_map:
        inner = node.get("text") or node.get("document")
        if inner is not None and inner.is_map:
            inner = inner.get("text")
        if inner is not None and isinstance(inner.value, str):
            return inner
    return node
