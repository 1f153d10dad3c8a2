"""What is plain at first sight is what the closer look would have let through, and builds."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.compiler.schema_check import check_defaults, check_schema
from router.compiler.schema_plain import default_fits, is_plain
from router.compiler.schema_validator import build
from router.compiler.schemas import compile_schema

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 5) | st.sampled_from([2**53, 10**400, -(10**30)]),
    st.floats(),
    st.sampled_from(["", "a", "é", "\ud800", "string"]),
)
VALUES = SCALARS | st.lists(SCALARS, max_size=3) | st.dictionaries(st.just("a"), SCALARS)
TYPES = st.sampled_from(["object", "array", "string", "integer", "number", "boolean", "null", "x"])
KEYWORDS = {
    "type": TYPES | st.lists(TYPES, max_size=3) | SCALARS,
    "enum": st.lists(SCALARS, max_size=3) | SCALARS,
    "const": VALUES,
    "default": VALUES,
    "description": SCALARS,
    "title": SCALARS,
    "required": st.lists(st.sampled_from(["a", "b", "\udfff", 1]), max_size=3) | SCALARS,
    "uniqueItems": SCALARS,
    "pattern": st.sampled_from(["a", "("]),
    "format": st.sampled_from(["date", "day"]),
    "$ref": st.sampled_from(["#", "#/properties/a"]),
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems"), SCALARS),
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), SCALARS),
}


def schemas(inner):
    """Maps of keywords with values that are often, not always, right."""
    below = {
        "items": inner,
        "additionalProperties": inner,
        "properties": st.dictionaries(st.sampled_from(["a", "b", "\ud800"]), inner, max_size=2),
    }
    every = {**KEYWORDS, **below}
    return st.lists(st.sampled_from(sorted(every)), max_size=4, unique=True).flatmap(
        lambda keys: st.fixed_dictionaries({key: every[key] for key in keys})
    )


SCHEMAS = st.recursive(st.booleans() | schemas(st.booleans()), schemas, max_leaves=6)


@settings(max_examples=600, deadline=None)
@given(SCHEMAS)
def test_a_plain_schema_passes_the_closer_look_and_builds(schema):
    """Nothing is let through at first sight that the checks or the validator would refuse."""
    if is_plain(schema):
        assert check_schema(schema) == ()
        build(schema)


@settings(max_examples=400, deadline=None)
@given(schemas(st.booleans()))
def test_a_default_that_fits_at_first_sight_is_valid(schema):
    """The validator would have accepted it too."""
    if "default" in schema and is_plain(schema) and default_fits(schema):
        local = {key: value for key, value in schema.items() if key != "default"}
        assert build(local).is_valid(schema["default"])
        assert not list(check_defaults({"properties": {"a": schema}}))


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"a": {"type": "string", "maxLength": 3}}},
        {"type": "object", "properties": {"a": {"enum": ["x", "y"], "default": "x"}}},
        {"type": ["string", "null"], "title": "t", "description": "d"},
        {"items": {"type": "number", "minimum": 0, "maximum": 1}, "minItems": 1},
    ],
)
def test_ordinary_schemas_are_plain(schema):
    """The quick way is the one that policies take."""
    assert is_plain(schema)
    assert compile_schema(schema).problems(object()) != ()


def test_compiling_a_plain_schema_loads_no_validator():
    """Lint of ordinary policies does not pay for what only runs need."""
    code = (
        "import sys; from router.compiler.schemas import compile_schema;"
        "compile_schema({'properties': {'a': {'enum': ['x'], 'default': 'x'}}});"
        "sys.exit('jsonschema_rs' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
