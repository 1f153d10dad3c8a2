"""Where a name stands in a template: in its own file, or in the policy's text block."""

from __future__ import annotations

import re
from collections.abc import Callable

from router.compiler.places_in_policy import span_in_scalar
from router.policy.nodes import Node, SourceText
from router.policy.offsets import Offsets
from router.rules.prompts import CheckedTemplate, Part
from router.types import Span

__all__ = ["bare_uses", "name_place", "place_in_scalar", "text_node", "text_place"]

_TAGS = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_STRINGS = re.compile(r"\"[^\"]*\"|'[^']*'")


def name_place(
    part: Part, template: CheckedTemplate, name: str, *, untagged: bool = False
) -> tuple[SourceText, Span]:
    """The first place where the template uses `name`; the block where it cannot be pointed at.

    Args:
        untagged: the first that is written out without a tag, where there is one.
    """
    offset = _offset(template.source, name, _untagged) if untagged else None
    if offset is None:
        offset = _offset(template.source, name)
    if offset is not None:
        return text_place(part, template, offset, len(name))
    node = part.node if template.file is not None else text_node(part.node)
    return node.source, node.span  # in an included file


def text_place(
    part: Part, template: CheckedTemplate, offset: int, length: int
) -> tuple[SourceText, Span]:
    """The place of a stretch of a template's text; the block where it cannot be pointed at."""
    if template.file is not None:
        span = Offsets(template.source).span(template.file, offset, offset + length)
        return SourceText(template.file, template.source), span
    node = text_node(part.node)
    return node.source, place_in_scalar(node, offset, length) or node.span


def bare_uses(part: Part, template: CheckedTemplate, name: str) -> tuple[Span, ...]:
    """The empty spans behind `name` wherever all that is written out is `{{ name }}`.

    None at all where one of them cannot be pointed at, or the template also shows how templates
    are written.
    """
    source = template.source
    if "{#" in source or re.search(r"\{%-?\s*raw\b", source):
        return ()
    found: list[Span] = []
    for use in re.finditer(rf"\{{\{{-?\s*({re.escape(name)})\s*-?\}}\}}", source):
        start, end = use.span(1)
        if template.file is not None:
            place = Offsets(source).span(template.file, end, end)
        else:
            written = place_in_scalar(text_node(part.node), start, end - start)
            if written is None:
                return ()
            last = (written.end_line, written.end_column)
            place = Span(written.file, *last, *last)
        found.append(place)
    return tuple(found)


def place_in_scalar(node: Node, offset: int, length: int) -> Span | None:
    """The place of a stretch of a scalar's text; None where folding or escapes hide it."""
    row = node.value.count("\n", 0, offset) + 1
    column = offset - node.value.rfind("\n", 0, offset)
    return span_in_scalar(node, row, column, column + length)


def _untagged(tag: str) -> bool:
    return tag.startswith("{{") and re.search(r"\|\s*tag\b", tag) is None


def _offset(source: str, name: str, wanted: Callable[[str], bool] = lambda _: True) -> int | None:
    word = re.compile(rf"(?<![\w.]){re.escape(name)}\b")
    for tag in _TAGS.finditer(source):
        bare = _STRINGS.sub(lambda quoted: " " * len(quoted[0]), tag[0])
        found = word.search(bare)
        if found is not None and wanted(tag[0]):
            return tag.start() + found.start()
    return None


def text_node(node: Node) -> Node:
    """The scalar that holds a block's text."""
    if node.is_map:
        inner = node.get("text") or node.get("document")
        if inner is not None and inner.is_map:
            inner = inner.get("text")
        if inner is not None and isinstance(inner.value, str):
            return inner
    return node
