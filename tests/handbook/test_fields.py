"""A schema reads as rows: type, bounds and default of every field, at any depth."""

from __future__ import annotations

from typing import Any

import pytest

from router.handbook.fields import fields


def one(schema: dict[str, Any]) -> Any:
    (field,) = fields({"properties": {"x": schema}})
    return field


@pytest.mark.parametrize(
    ("schema", "kind", "bounds"),
    [
        ({"type": "string"}, "string", ()),
        (
            {"type": "string", "minLength": 1, "maxLength": 6000},
            "string",
            ("1 to 6,000 characters",),
        ),
        ({"type": "string", "maxLength": 80}, "string", ("at most 80 characters",)),
        ({"type": "string", "minLength": 2}, "string", ("at least 2 characters",)),
        ({"type": "string", "pattern": "^a"}, "string", ("matches ^a",)),
        ({"type": "string", "format": "date"}, "string", ("format date",)),
        ({"type": "number", "minimum": 0, "maximum": 1}, "number", ("0 to 1",)),
        ({"type": "number", "exclusiveMinimum": 0}, "number", ("more than 0",)),
        ({"type": "integer", "exclusiveMaximum": 9}, "integer", ("less than 9",)),
        ({"type": "integer", "multipleOf": 5}, "integer", ("a multiple of 5",)),
        ({"type": ["string", "null"]}, "string or null", ()),
        (
            {"type": "array", "maxItems": 3, "uniqueItems": True, "items": {"type": "string"}},
            "array of string",
            ("at most 3 items", "no two alike"),
        ),
        (
            {"type": "array", "items": {"type": "string", "maxLength": 9}},
            "array of string",
            ("each at most 9 characters",),
        ),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "string or null", ()),
        ({"type": "object", "maxProperties": 4}, "object", ("at most 4 keys",)),
        ({}, "any value", ()),
        (True, "any value", ()),
    ],
)
def test_types_and_bounds(schema: Any, kind: str, bounds: tuple[str, ...]) -> None:
    assert (one(schema).kind, one(schema).bounds) == (kind, bounds)


def test_values_are_listed_as_they_are_written() -> None:
    assert one({"enum": ["a", 1, None, ""]}).values == ("a", "1", "null", '""')
    assert one({"const": True}).values == ("true",)
    assert one({"type": "array", "items": {"enum": ["a"]}}).values == ("a",)


def test_required_and_default_are_told() -> None:
    schema = {"required": ["x"], "properties": {"x": {}, "y": {"default": "free"}}}
    x, y = fields(schema)
    assert (x.required, x.default) == (True, None)
    assert (y.required, y.default) == (False, "free")


def test_what_is_inside_follows_what_it_is_in() -> None:
    """Objects by dots, lists by brackets; all of it belongs to its top-level property."""
    item = {"type": "object", "properties": {"id": {"type": "string"}}}
    inner = {"type": "object", "properties": {"b": {"type": "array", "items": item}}}
    found = fields({"properties": {"a": inner}})
    assert [field.path for field in found] == ["a", "a.b", "a.b[].id"]
    assert {field.top for field in found} == {"a"}
    assert found[1].kind == "array of object"


def test_references_are_followed_and_recursion_ends() -> None:
    tree = {
        "properties": {"root": {"$ref": "#/$defs/node", "description": "The top."}},
        "$defs": {
            "node": {
                "type": "object",
                "properties": {"children": {"type": "array", "items": {"$ref": "#/$defs/node"}}},
            }
        },
    }
    found = fields(tree)
    assert found[0].kind == "object"
    assert found[0].description == "The top."
    assert found[1].path == "root.children"
    assert found[1].kind == "array of object"
    assert len(found) == 2  # what holds itself is told once


def test_the_items_of_a_list_are_told_where_a_reference_says_what_they_are() -> None:
    label = {"type": "string", "enum": ["a", "b"], "maxLength": 1}
    labels = {"type": "array", "maxItems": 3, "items": {"$ref": "#/$defs/label"}}
    (field,) = fields({"properties": {"labels": labels}, "$defs": {"label": label}})
    assert field.values == ("a", "b")
    assert field.bounds == ("at most 3 items", "each at most 1 characters")


def test_a_kind_that_holds_itself_ends() -> None:
    value = {"anyOf": [{"type": "number"}, {"type": "array", "items": {"$ref": "#/$defs/value"}}]}
    (field,) = fields({"properties": {"x": {"$ref": "#/$defs/value"}}, "$defs": {"value": value}})
    assert field.kind == "number or array of …"


def test_many_fields_that_hold_the_same_are_no_endless_table() -> None:
    """Each of them leads to all of them again."""
    node = {
        "type": "object",
        "properties": {name: {"$ref": "#/$defs/node"} for name in "abcdefgh"},
    }
    found = fields({"properties": {"root": {"$ref": "#/$defs/node"}}, "$defs": {"node": node}})
    assert len(found) == 9


def test_a_value_that_is_no_object_is_one_row() -> None:
    (field,) = fields({"type": "string", "maxLength": 3})
    assert (field.path, field.kind) == ("(the value)", "string")
