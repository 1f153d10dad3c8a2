"""The fast validator and the reference one give the same verdicts, on tables, suites and luck."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from referencing import Registry

from router.compiler.schemas import SchemaRefused, compile_schema
from router.policy.loader import load_documents
from router.policy.sources import MemorySources
from router.resources import shipped

OBJECT = {
    "type": "object",
    "properties": {"a": {"type": "integer"}, "b": {"type": "string"}},
    "required": ["a"],
    "additionalProperties": False,
}
DEFS = {"$defs": {"n": {"type": "integer", "minimum": 0}, "list": {"items": {"$ref": "#/$defs/n"}}}}

SCHEMAS = [
    {},
    {"type": "null"},
    {"type": "boolean"},
    {"type": "integer"},
    {"type": "number"},
    {"type": "string"},
    {"type": "array"},
    {"type": "object"},
    {"type": ["string", "null"]},
    {"type": ["integer", "array"]},
    {"const": 1},
    {"const": "a"},
    {"const": None},
    {"const": False},
    {"const": [1]},
    {"const": {"a": 1}},
    {"enum": [1, "a", None]},
    {"enum": [[], {}, 0]},
    {"enum": [True, 1.5]},
    {"minimum": 1},
    {"maximum": 1},
    {"exclusiveMinimum": 1},
    {"exclusiveMaximum": 1},
    {"minimum": 0, "maximum": 1},
    {"multipleOf": 2},
    {"multipleOf": 0.5},
    {"minLength": 2},
    {"maxLength": 1},
    {"pattern": "^a+$"},
    {"pattern": "b"},
    {"pattern": "^[a-z]{1,3}$"},
    {"minItems": 1},
    {"maxItems": 1},
    {"uniqueItems": True},
    {"items": {"type": "integer"}},
    {"items": False},
    {"prefixItems": [{"type": "integer"}, {"type": "string"}]},
    {"prefixItems": [{"type": "integer"}], "items": {"type": "string"}},
    {"prefixItems": [{"type": "integer"}], "items": False},
    {"contains": {"type": "integer"}},
    {"contains": {"type": "integer"}, "minContains": 2},
    {"contains": {"type": "integer"}, "minContains": 0},
    {"contains": {"type": "integer"}, "maxContains": 1},
    {"unevaluatedItems": False},
    {"prefixItems": [True], "unevaluatedItems": {"type": "string"}},
    {"minProperties": 1},
    {"maxProperties": 1},
    {"required": ["a"]},
    {"required": ["a", "b"]},
    {"properties": {"a": {"type": "integer"}}},
    {"properties": {"a": False}},
    {"properties": {"a": True}, "additionalProperties": False},
    {"additionalProperties": {"type": "integer"}},
    {"patternProperties": {"^a": {"type": "integer"}}},
    {"patternProperties": {"^a": {}}, "additionalProperties": False},
    {"propertyNames": {"maxLength": 1}},
    {"propertyNames": {"enum": ["a", "b"]}},
    {"dependentRequired": {"a": ["b"]}},
    {"dependentSchemas": {"a": {"required": ["b"]}}},
    {"unevaluatedProperties": False},
    {"properties": {"a": {}}, "unevaluatedProperties": {"type": "integer"}},
    {"allOf": [{"properties": {"a": {}}}], "unevaluatedProperties": False},
    {"allOf": [{"minimum": 1}, {"maximum": 3}]},
    {"anyOf": [{"type": "integer"}, {"type": "string"}]},
    {"anyOf": [{"const": 1}, {"minLength": 2}]},
    {"oneOf": [{"type": "integer"}, {"minimum": 2}]},
    {"oneOf": [{"required": ["a"]}, {"required": ["b"]}]},
    {"not": {"type": "integer"}},
    {"not": {"required": ["a"]}},
    {"not": {}},
    {"if": {"type": "integer"}, "then": {"minimum": 1}},
    {"if": {"type": "integer"}, "then": {"minimum": 1}, "else": {"type": "string"}},
    {"if": {"required": ["a"]}, "else": {"required": ["b"]}},
    OBJECT,
    {**DEFS, "$ref": "#/$defs/n"},
    {**DEFS, "$ref": "#/$defs/list"},
    {**DEFS, "$ref": "#/$defs/n", "maximum": 2},
    {"properties": {"a": {"$ref": "#"}}, "additionalProperties": False},
    {"items": {"$ref": "#"}, "type": "array"},
    {"properties": {"a": {"$ref": "#/properties/b"}, "b": {"type": "string"}}},
    {"$defs": {"a/b": {"type": "integer"}, "c~d": {"const": 1}}, "$ref": "#/$defs/a~1b"},
    {"type": "string", "title": "t", "description": "d", "default": "x", "examples": ["y"]},
    {"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "integer"},
    {"x-note": "ours", "type": "integer"},
]

JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-3, 5),
        st.sampled_from([0.5, 1.0, 1.5, -2.0, 1e300]),
        st.sampled_from(["", "a", "aa", "ab", "b", "é", "\U0001f600"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["a", "b", "ab", "c"]), inner, max_size=3),
    ),
    max_leaves=5,
)


def reference(schema):
    """The reference implementation, closed to the network."""
    return Draft202012Validator(schema, registry=Registry())


@pytest.mark.parametrize("schema", SCHEMAS, ids=json.dumps)
def test_both_validators_agree(schema):
    """For every keyword, any JSON value is valid for both or for neither."""
    ours, theirs = compile_schema(schema), reference(schema)

    @settings(max_examples=40, deadline=None)
    @given(JSON)
    def agree(value):
        assert (ours.problems(value) == ()) is theirs.is_valid(value)
        assert all(problem.message for problem in ours.problems(value))

    agree()


def shipped_schemas():
    """Every input and output schema of the starter library."""
    root = Path(str(shipped("policies")))
    files = {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}
    for document in load_documents(MemorySources(files)).documents:
        for name, node in document.tasks.items():
            for part in ("input", "output"):
                schema = node.get(part)
                if schema is not None and schema.get("file") is None:
                    yield pytest.param(schema.plain(), id=f"{name}.{part}")


@pytest.mark.parametrize("schema", list(shipped_schemas()))
def test_both_validators_agree_on_the_starter_library(schema):
    """Values near to what the shipped schemas ask for are judged alike."""
    ours, theirs = compile_schema(schema), reference(schema)
    values = {name: near(child) for name, child in schema.get("properties", {}).items()}

    @settings(max_examples=60, deadline=None)
    @given(st.fixed_dictionaries({}, optional=values))
    def agree(value):
        assert (ours.problems(value) == ()) is theirs.is_valid(value)

    agree()


def near(schema):
    """Values of which some satisfy a property's schema."""
    if "enum" in schema:
        return st.sampled_from([*schema["enum"], "other", None])
    kinds = {
        "string": st.sampled_from(["", "a", "x" * 5000]),
        "number": st.sampled_from([0, 0.5, 1, 1.5, -1]),
        "integer": st.sampled_from([0, 1, 2.0, 2.5, 10**9]),
        "boolean": st.booleans(),
        "array": st.lists(JSON, max_size=2),
        "object": st.dictionaries(st.text(max_size=2), JSON, max_size=2),
    }
    return st.one_of(kinds.get(schema.get("type"), JSON), JSON)


SUITE = os.environ.get("JSON_SCHEMA_TEST_SUITE")


needs_suite = pytest.mark.skipif(
    not SUITE or not (Path(SUITE) / "tests" / "draft2020-12").is_dir(),
    reason="JSON_SCHEMA_TEST_SUITE does not name a copy of the public JSON Schema test suite",
)


def suite_cases(folder):
    """Schema, value and verdict of every case whose schema is accepted."""
    for file in sorted((Path(str(SUITE)) / "tests" / "draft2020-12" / folder).glob("*.json")):
        if file.name == "format.json":
            continue  # there formats are comments; here they are checked
        for group in json.loads(file.read_text()):
            try:
                schema = compile_schema(group["schema"])
            except SchemaRefused:
                continue
            for case in group["tests"]:
                yield schema, case["data"], case["valid"], f"{file.name}: {case['description']}"


@needs_suite
def test_the_public_suite_holds_for_every_schema_that_loads():
    """Both validators give the suite's verdict on every case."""
    cases = list(suite_cases("."))
    assert len(cases) > 900
    for schema, value, valid, name in cases:
        assert (schema.problems(value) == ()) is valid, name
        assert reference(schema.source).is_valid(value) is valid, name


@needs_suite
def test_the_public_suite_holds_for_formats():
    """Formats are checked, and as the suite says."""
    cases = list(suite_cases("optional/format"))
    assert len(cases) > 400
    for schema, value, valid, name in cases:
        assert (schema.problems(value) == ()) is valid, name
