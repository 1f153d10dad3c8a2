"""Collects what is wrong with a shape: one finding for one mistake, and no end of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from router.policy.edits import delete_entry, fix, rename_key, replace_scalar
from router.policy.findings import at_key, at_node, quoted
from router.policy.nodes import Node
from router.policy.suggest import suggest
from router.types import Finding

__all__ = ["Enough", "Key", "Report"]

Key = str | int | None
"""Where a node hangs in its parent; None for the root."""

_MAX_FINDINGS: Final = 100
_MANY: Final = 12  # a list of more names is no help
_OTHER_WORDS: Final = {"off": "disabled", "none": "disabled", "on": "adaptive", "auto": "adaptive"}
_GROUPED: Final = re.compile(r"\d{1,3}(?:[,_ ']\d{3})+|\d+(?:\.\d+)?")


class Enough(Exception):
    """So many findings that no one will read more of them."""


class Report:
    """The findings so far, and what later checks must not say again."""

    __slots__ = ("_missing", "_typos", "_whole", "blamed", "findings")

    def __init__(self, whole: str = "the policy") -> None:
        self._whole = whole
        self.findings: list[Finding] = []
        self.blamed: set[int] = set()  # ids of nodes that are wrong as they are
        self._typos: dict[int, set[str]] = {}  # id of a map -> keys that unknown ones stand for
        self._missing: set[tuple[int, str]] = set()

    def wrong_type(self, node: Node, key: Key, expected: str, nullable: bool) -> None:
        if _has_refused_keys(node):
            return  # `{{ x }}` without quotes and its like: the reader has said it
        self.blamed.add(id(node))
        message = f"{self._name(key)} is {_kind(node)}; expected {expected}"
        help_line = None
        if node.value is None and not nullable:
            help_line = "null removes what a parent sets, and none sets this: give it a value"
        elif expected == "a list":
            help_line = _listed(node)
        elif expected.endswith("number") and isinstance(node.value, str):
            help_line = _number(node.value, whole="whole" in expected)
        self._add(at_node("wrong-type", message, node, help=help_line))

    def bad_value(
        self,
        node: Node,
        key: Key,
        expected: str,
        rule: str = "bad-value",
        known: Sequence[str] = (),
    ) -> None:
        if id(node) in self.blamed:
            return
        self.blamed.add(id(node))
        value = node.value
        shown = quoted(value if isinstance(value, str) else str(value))
        meant = None
        if isinstance(value, str):
            other = _OTHER_WORDS.get(value.lower())
            meant = other if other in known else suggest(value, known)
        help_line = remedy = None
        if meant is not None:
            help_line = f"did you mean `{meant}`?"
            remedy = fix(f"write `{meant}`", replace_scalar(node, meant), safe=False)
        if rule == "threshold-out-of-range" and isinstance(value, int | float) and 1 < value <= 100:
            remedy = fix(f"write `{value}%`", replace_scalar(node, f"{value}%"), safe=False)
        if rule == "unknown-version":
            help_line = f"this program reads version {expected} of the format"
        message = f"{self._name(key)} is {shown}; expected {expected}"
        self._add(at_node(rule, message, node, help=help_line, fix=remedy))

    def bad_name(self, parent: Node, name: str, expected: str) -> None:
        message = f"{quoted(name)} cannot be a name here; expected {expected}"
        self._add(at_key("bad-name", message, parent, name))

    def unknown_key(self, node: Node, key: str, known: Iterable[str], refused: str | None) -> None:
        self.blamed.add(id(node.value[key]))
        meanings = self._typos.setdefault(id(node), set())
        if refused is not None:
            message = f"the key {quoted(key)} cannot be used: {refused}"
            # A number only sets something; text that has nowhere to go is for its author to move.
            number = isinstance(node.value[key].value, int | float)
            remedy = fix(f"remove `{key}`", delete_entry(node, key), safe=number)
            self._add(at_key("unknown-key", message, node, key, help="remove it", fix=remedy))
            return
        absent = [name for name in known if name not in node.value]
        meant = suggest(key, absent)
        help_line = remedy = None
        if meant is not None:
            meanings.add(meant)
            help_line = f"did you mean `{meant}`?"
            remedy = fix(f"rename the key to `{meant}`", rename_key(node, key, meant))
        elif 0 < len(absent) <= _MANY:
            help_line = f"known here: {', '.join(absent)}"
        message = f"unknown key {quoted(key)}"
        self._add(at_key("unknown-key", message, node, key, help=help_line, fix=remedy))

    def conflict(self, node: Node, key: str, other: str) -> None:
        """Two keys of one map that exclude each other."""
        message = f"{quoted(key)} cannot stand beside {quoted(other)}"
        self._misplaced(node, key, message, _apart(node, key, other))

    def stray(self, node: Node, key: str, companion: str) -> None:
        """A key that says something about another one, which is not there."""
        if companion not in self._typos.get(id(node), ()):
            message = f"{quoted(key)} is only for what has {quoted(companion)}"
            self._misplaced(node, key, message, "remove it")

    def _misplaced(self, node: Node, key: str, message: str, help_line: str) -> None:
        child = node.value[key]
        if id(child) not in self.blamed:
            self.blamed.add(id(child))
            self._add(at_key("conflicting-keys", message, node, key, help=help_line))

    def missing(self, node: Node, parent: Node | None, key: Key, wanted: Sequence[str]) -> None:
        """One of `wanted` is needed; said once for each map, and not beside a likely typo.

        Where there is a choice, any unknown key may have been meant for one of them.
        """
        mark = (id(node), wanted[0])
        if mark in self._missing or _has_refused_keys(node):
            return
        self._missing.add(mark)
        meanings = self._typos.get(id(node))
        if meanings is not None and (len(wanted) > 1 or wanted[0] in meanings):
            return
        names = " or ".join(quoted(name) for name in wanted)
        message = f"{self._name(key)} needs {names}"
        if parent is not None and isinstance(key, str):
            self._add(at_key("missing-key", message, parent, key, help=_add_help(wanted)))
        else:
            self._add(at_node("missing-key", message, node, help=_add_help(wanted)))

    def _name(self, key: Key) -> str:
        if key is None:
            return self._whole
        return quoted(key) if isinstance(key, str) else f"element {key + 1} of the list"

    def _add(self, finding: Finding) -> None:
        self.findings.append(finding)
        if len(self.findings) >= _MAX_FINDINGS:
            raise Enough


def _has_refused_keys(node: Node) -> bool:
    """Whether the reader refused keys of this map, which it then does not hold."""
    return node.key_marks is not None and len(node.key_marks) > len(node.value)


def _kind(node: Node) -> str:
    match node.value:
        case None:
            return "empty" if node.mark[:2] == node.mark[2:] else "null"
        case bool():
            return "a boolean"
        case str():
            return "text"
        case list():
            return "a list"
        case dict():
            return "a map"
        case _:
            return f"the number {node.value}"


def _listed(node: Node) -> str | None:
    """How to make a list of what stands there alone."""
    line, column, end_line, end_column = node.mark
    written = node.source.line(line + 1)[column:end_column] if line == end_line else ""
    if node.is_map and not written.startswith("{"):
        return "put `- ` before each element"
    return f"write {quoted(f'[{written}]')}" if written else None


def _number(text: str, *, whole: bool) -> str | None:
    if _GROUPED.fullmatch(text) is None or (whole and "." in text):
        return None
    return f"write the number {re.sub('[^0-9.]', '', text)}"


def _add_help(wanted: Sequence[str]) -> str:
    return f"add `{wanted[0]}:`" if len(wanted) == 1 else "add one of them"


def _apart(node: Node, key: str, other: str) -> str:
    first, second = node.key_span(key), node.key_span(other)
    if first.file != second.file:
        return f"`{other}: null` removes the one that comes from {second}"
    return f"keep one of the two; `{other}` is on line {second.line}"
