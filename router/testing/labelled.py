"""Labelled inputs: JSON Lines, each line a case without a name or replies.

{"inputs": {"message": "I was charged twice"}, "expect": {"output": {"label": "billing"}}}
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from router.engine.strict_json import StrictJsonError, parse_json_line
from router.policy.findings import at_key, at_mark
from router.policy.nodes import Mark, Node, SourceText
from router.policy.shape import apply_check
from router.policy.shape_compiler import Check
from router.testing.expanding import RULE
from router.types import Finding

__all__ = ["read_labelled"]


def read_labelled(
    file: str, data: bytes, shape: Check
) -> tuple[tuple[Node, ...], tuple[Finding, ...]]:
    """The lines of a file as cases, named by their numbers, and what is wrong with others.

    Args:
        shape: of one line, before it is given a name.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"byte 0x{data[error.start]:02x} is not UTF-8"
        return (), (at_mark("yaml-encoding", message, SourceText(file, ""), (0, 0, 0, 1)),)
    source = SourceText(file, text)
    cases: list[Node] = []
    findings: list[Finding] = []
    for number, line in _lines(text):
        mark = (number, 0, number, len(line))
        try:
            value = parse_json_line(line)
        except StrictJsonError as error:
            findings.append(at_mark(RULE, str(error), source, mark))
            continue
        row = _node(value, source, mark)
        wrong = apply_check(shape, row, whole="the line") or tuple(_unfit(row))
        findings += wrong
        if not wrong:
            name = Node(f"line {number + 1}", source, mark, "plain")
            cases.append(_with(row, "name", name))
    if not cases and not findings:
        findings.append(at_mark(RULE, "the file holds no labelled input", source, (0, 0, 0, 1)))
    return tuple(cases), tuple(findings)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines that hold something, counted from 0; only a line feed ends one."""
    for number, line in enumerate(text.split("\n")):
        if line.strip():
            yield number, line


def _unfit(row: Node) -> Iterator[Finding]:
    """Expectations that only an emulator can judge."""
    expect = row.value["expect"]
    if "request" in expect.value:
        message = "`request` is judged in scripted cases only"
        yield at_key(RULE, message, expect, "request", help="move it to a case")


def _node(value: Any, source: SourceText, mark: Mark) -> Node:
    """Plain data as nodes, all of which stand on one line."""
    if isinstance(value, dict):
        children = {key: _node(child, source, mark) for key, child in value.items()}
        return Node(children, source, mark, None, dict.fromkeys(value, (source, mark)))
    if isinstance(value, list):
        return Node([_node(child, source, mark) for child in value], source, mark)
    return Node(value, source, mark, "plain")


def _with(row: Node, key: str, child: Node) -> Node:
    marks = {**(row.key_marks or {}), key: (child.source, child.mark)}
    return Node({**row.value, key: child}, row.source, row.mark, None, marks)
