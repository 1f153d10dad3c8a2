"""Edits of policy text: each mistake goes, every other character stays."""

from __future__ import annotations

import pytest

from router.lint.editing import apply_edits
from router.policy import edits
from router.policy.nodes import Node
from router.policy.yaml_reader import read_yaml


def parsed(text: str) -> Node:
    reading = read_yaml(text.encode(), "policy.yaml")
    assert reading.node is not None, reading.findings
    return reading.node


def holder(node: Node, key: str) -> Node:
    """The map that has a key, wherever it is."""
    pending = [node]
    for one in pending:
        if one.get(key) is not None:
            return one
        pending += [child for _, child in one.items()]
        pending += one.elements()
    raise AssertionError(f"no {key}")


def applied(text: str, made: edits.Edits) -> str | None:
    return None if made is None else apply_edits(text.encode(), made).decode()


ENTRIES = {
    "block": ("a: 1\nx: 2\nb: 3\n", "a: 1\nb: 3\n"),
    "block, with a comment of its own": ("a: 1\nx: 2  # why\nb: 3\n", "a: 1\nb: 3\n"),
    "block, comments of others": (
        "a: 1\n# above\nx: 2\n# below\nb: 3\n",
        "a: 1\n# above\n# below\nb: 3\n",
    ),
    "block, last, without a line end": ("a: 1\nx: 2", "a: 1\n"),
    "block, Windows": ("a: 1\r\nx: 2\r\nb: 3\r\n", "a: 1\r\nb: 3\r\n"),
    "block, nested value": ("a: 1\nx:\n  y:\n    - 1\n    - 2  # two\nb: 3\n", "a: 1\nb: 3\n"),
    "block, literal value": (
        "a: 1\nx: |\n  one\n  # text\n\n# why\nb: 3\n",
        "a: 1\n\n# why\nb: 3\n",
    ),
    "block, folded value at the end": ("a: 1\nx: >-\n  one\n  two\n", "a: 1\n"),
    "block, text over several lines": ("a: 1\nx: one\n  two\nb: 3\n", "a: 1\nb: 3\n"),
    "block, empty value": ("a: 1\nx:\nb: 3\n", "a: 1\nb: 3\n"),
    "block, flow value": ("a: 1\nx: {y: [1,\n  2]}\nb: 3\n", "a: 1\nb: 3\n"),
    "block, list at the same indent": ("a: 1\nx:\n- 1\n- 2\nb: 3\n", "a: 1\nb: 3\n"),
    "block, the only one": ("a:\n  x: 1\nb: 2\n", None),
    "block, the only one of an element": ("a:\n  - x: 1\n  - b: 2\n", None),
    "element, first": ("- x: 1\n  b: 2\n- c\n", "- b: 2\n- c\n"),
    "element, first, with a comment": ("- x: 1  # why\n  b: 2\n", "- b: 2\n"),
    "element, first, a comment between": ("- x: 1\n  # keep\n  b: 2\n", None),
    "element, second": ("- b: 2\n  x: 1\n- c\n", "- b: 2\n- c\n"),
    "element, in a list of lists": ("- - x: 1\n    b: 2\n", "- - b: 2\n"),
    "explicit key": ("? x\n: 1\n? b\n: 2\n", None),
    "flow": ("m: {a: 1, x: 2, b: 3}\n", "m: {a: 1, b: 3}\n"),
    "flow, first": ("m: {x: 2, b: 3}\n", "m: {b: 3}\n"),
    "flow, last": ("m: {a: 1, x: 2}\n", "m: {a: 1}\n"),
    "flow, last, spaces": ("m: { a: 1 , x: 2 }\n", "m: { a: 1  }\n"),
    "flow, only": ("m: {x: 2}\n", "m: {}\n"),
    "flow, nested": ("m: {a: 1, x: {y: [1, 2]}, b: 3}  # end\n", "m: {a: 1, b: 3}  # end\n"),
    "flow, quoted": ('m: {"a": "1, }", "x":2,"b": 3}\n', 'm: {"a": "1, }", "b": 3}\n'),
    "flow, a comma at the end": ("m: {a: 1, x: 2,}\n", "m: {a: 1, }\n"),
    "flow, a line each": ("m: {\n  a: 1,\n  x: 2,\n  b: 3\n}\n", "m: {\n  a: 1,\n  b: 3\n}\n"),
    "flow, a line each, last": (
        "m: {\n  a: 1, # keep\n  x: 2 # why\n}\n",
        "m: {\n  a: 1, # keep\n}\n",
    ),
    "flow, end of a line": ("m: {a: 1, x: 2,\n  b: 3}\n", "m: {a: 1,\n  b: 3}\n"),
    "flow, end of a line, comment": (
        "m: {a: 1, x: 2, # keep\n  b: 3}\n",
        "m: {a: 1, # keep\n  b: 3}\n",
    ),
    "flow, last on its line": ("m: {a: 1, # keep\n  x: 2}\n", "m: {a: 1, # keep\n  }\n"),
    "flow, the comma below": ("m: {a: 1,\n  x: 2\n  , b: 3}\n", None),
    "flow, no value": ("m: {a: 1, x, b: 3}\n", "m: {a: 1, b: 3}\n"),
    "flow, wide characters": (
        "m: {a: '\U0001f600', x: '日本', b: 3}\n",
        "m: {a: '\U0001f600', b: 3}\n",
    ),
    "an alias": ("a: &one 1\nx: *one\nb: 2\n", None),
}


@pytest.mark.parametrize(("before", "after"), ENTRIES.values(), ids=ENTRIES)
def test_an_entry_goes_and_nothing_else(before: str, after: str | None) -> None:
    root = parsed(before)
    found = applied(before, edits.delete_entry(holder(root, "x"), "x"))
    assert found == after
    if found is not None:
        plain = holder(root, "x").plain()
        plain.pop("x")
        remaining = parsed(found)
        assert plain in list(every_map(remaining))


def every_map(node: Node):
    yield node.plain()
    for child in (*dict(node.items()).values(), *node.elements()):
        yield from every_map(child)


ELEMENTS = {
    "block": ("- a\n- x\n- b\n", "- a\n- b\n"),
    "block, first": ("- x  # why\n# keep\n- b\n", "# keep\n- b\n"),
    "block, a map": ("l:\n  - a\n  - x: 1\n    y: 2\n  - b\n", "l:\n  - a\n  - b\n"),
    "block, last": ("l:\n- a\n- x\nm: 1\n", "l:\n- a\nm: 1\n"),
    "block, only": ("l:\n  - x\nm: 1\n", None),
    "block, only, dashes of others": ("l:\n  - - x\n  - b\n", None),
    "flow": ("[a, x, b]\n", "[a, b]\n"),
    "flow, last": ("[a, x]\n", "[a]\n"),
    "flow, only": ("l: [x]\n", "l: []\n"),
    "flow, lines": ("[\n  a,\n  x,\n  b,\n]\n", "[\n  a,\n  b,\n]\n"),
}


@pytest.mark.parametrize(("before", "after"), ELEMENTS.values(), ids=ELEMENTS)
def test_an_element_goes_and_nothing_else(before: str, after: str | None) -> None:
    found = None
    pending = [parsed(before)]
    for node in pending:
        pending += [child for _, child in node.items()]
        pending += node.elements()
        for index, child in enumerate(node.elements()):
            if child.value == "x" or child.get("x") is not None:
                found = (node, index)
    assert found is not None
    assert applied(before, edits.delete_element(*found)) == after


INSERTED = {
    "block": ("o:\n  x: 1  # one\n  b: 2\n", "o:\n  x: 1  # one\n  new: 3\n  b: 2\n"),
    "block, last, no line end": ("o:\n  x: 1", "o:\n  x: 1\n  new: 3"),
    "block, Windows": ("x: 1\r\nb: 2\r\n", "x: 1\r\nnew: 3\r\nb: 2\r\n"),
    "block, Windows, last": ("b: 2\r\nx: 1", "b: 2\r\nx: 1\r\nnew: 3"),
    "block, behind a literal": ("x: |\n  one\n\nb: 2\n", "x: |\n  one\nnew: 3\n\nb: 2\n"),
    "block, behind a map": ("x:\n  y: 1\nb: 2\n", "x:\n  y: 1\nnew: 3\nb: 2\n"),
    "element": ("- x: 1\n- b\n", "- x: 1\n  new: 3\n- b\n"),
    "flow": ("{x: 1, b: 2}\n", "{x: 1, new: 3, b: 2}\n"),
    "flow, lines": ("{\n  x: 1, # c\n  b: 2\n}\n", "{\n  x: 1, new: 3, # c\n  b: 2\n}\n"),
}


@pytest.mark.parametrize(("before", "after"), INSERTED.values(), ids=INSERTED)
def test_an_entry_comes_in_behind_another(before: str, after: str) -> None:
    found = applied(before, edits.insert_after(holder(parsed(before), "x"), "x", "new: 3"))
    assert found == after
    assert holder(parsed(after), "new").value["new"].value == 3


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("{x: 1}", "{max: 1}"),
        ("{'x': 1}", "{'max': 1}"),
        ('{"x":1}', '{"max":1}'),
        ("- x : 1  # c\n", "- max : 1  # c\n"),
        ("&k x: 1\n", None),
    ],
)
def test_a_key_is_renamed_in_its_quotes(before: str, after: str | None) -> None:
    assert applied(before, edits.rename_key(holder(parsed(before), "x"), "x", "max")) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x: old\n", "x: new\n"),
        ("x: 'old'  # c\n", "x: 'new'  # c\n"),
        ('{x: "old"}\n', '{x: "new"}\n'),
        ("x: &anchor old\ny: *anchor\n", None),
        ("x: |\n  old\n", None),
        ("x: old\n  and older\n", None),
        ("x: [old]\n", None),
    ],
)
def test_a_scalar_is_replaced_in_its_quotes(before: str, after: str | None) -> None:
    node = holder(parsed(before), "x").value["x"]
    assert applied(before, edits.replace_scalar(node, "new")) == after


def test_a_fix_needs_all_of_its_edits() -> None:
    root = parsed("x: 1\n")
    done = edits.rename_key(root, "x", "y")
    assert edits.fix("rename", done) is not None
    assert edits.fix("rename", done, None) is None


def test_what_an_alias_may_stand_for_is_not_ones_own() -> None:
    shared = parsed("a: {x: &one {y: 1}}\nb: *one\n")
    assert not edits.is_own(shared.value["a"].value["x"], shared.value["a"])
    alone = parsed("a: {x: {y: 1}}\nb: {y: R&D}\n")
    assert edits.is_own(alone.value["a"].value["x"], alone.value["a"])
    assert not edits.is_own(alone.value["b"], alone.value["a"])
