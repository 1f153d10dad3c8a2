"""Schemas that nothing can satisfy are refused; those that only look odd are not."""

from __future__ import annotations

import pytest

from router.compiler.schema_sense import undeclared
from router.compiler.schemas import SchemaRefused, compile_schema


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        ({"enum": []}, ("enum",)),
        ({"minimum": 2, "maximum": 1}, ("minimum",)),
        ({"exclusiveMinimum": 1, "maximum": 1}, ("exclusiveMinimum",)),
        ({"minimum": 1, "exclusiveMaximum": 1}, ("minimum",)),
        ({"properties": {"a": {"minLength": 2, "maxLength": 1}}}, ("properties", "a", "minLength")),
        ({"items": {"minItems": 2, "maxItems": 1}}, ("items", "minItems")),
        ({"minProperties": 2, "maxProperties": 1}, ("minProperties",)),
        ({"required": ["a"], "additionalProperties": False}, ("required", 0)),
        (
            {"$defs": {"x": {"properties": {"a": {}}, "required": ["a", "b"],
                             "additionalProperties": False}}},
            ("$defs", "x", "required", 1),
        ),
    ],
)  # fmt: skip
def test_a_schema_that_allows_nothing_is_refused_at_the_place(schema, path):
    with pytest.raises(SchemaRefused) as caught:
        compile_schema(schema)
    assert [(one.rule, one.path) for one in caught.value.problems] == [("bad-schema", path)]


@pytest.mark.parametrize(
    "schema",
    [
        {"minimum": 1, "maximum": 1},
        {"minLength": 0, "maxLength": 0},
        {"not": {"enum": []}},
        {"if": {"required": ["a"], "additionalProperties": False}, "then": False},
        {"required": ["x-a"], "patternProperties": {"^x-": {}}, "additionalProperties": False},
        {"properties": {"a": {}}, "required": ["a"], "additionalProperties": False},
        {"properties": {"a": {}}, "required": ["b"]},
    ],
)
def test_a_schema_that_allows_something_is_not_refused(schema):
    compile_schema(schema)


def test_what_is_required_may_be_declared_by_a_schema_beside():
    """Branches of one value share their properties: only a schema by itself is judged."""
    assert not list(
        undeclared(
            {"properties": {"a": {}, "b": {}}, "anyOf": [{"required": ["a"]}, {"required": ["b"]}]}
        )
    )
    assert not list(
        undeclared({"allOf": [{"properties": {"a": {}}, "required": ["b"]}, {"type": "object"}]})
    )
    (found,) = undeclared({"properties": {"label": {}}, "required": ["lable"]})
    assert found.help == "did you mean `label`?"
