"""Who breaks when a schema changes: what is said is held against real validation."""

import json
import os
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.compiler.schemas import CompiledSchema, SchemaRefused, compile_schema
from router.diffing.contracts import Verdict, for_callers, for_consumers
from router.diffing.samples import samples

NAMES = st.sampled_from(["a", "b", "c"])
SMALL = st.integers(-2, 4)
VALUES = st.one_of(
    st.none(), st.booleans(), SMALL, st.sampled_from([0.5, 1.0, 1e300, "", "a", "ab", "abc"])
)
TYPES = st.sampled_from(["object", "array", "string", "integer", "number", "boolean", "null"])


def leaf_keywords() -> st.SearchStrategy[dict[str, Any]]:
    """One or a few keywords that look at the value itself."""
    sizes = st.integers(0, 3)
    return st.fixed_dictionaries(
        {},
        optional={
            "type": st.one_of(TYPES, st.lists(TYPES, min_size=1, max_size=3, unique=True)),
            "enum": st.lists(VALUES, min_size=1, max_size=4, unique_by=lambda v: repr(v)),
            "const": VALUES,
            "minimum": SMALL,
            "maximum": SMALL,
            "exclusiveMinimum": SMALL,
            "exclusiveMaximum": SMALL,
            "multipleOf": st.sampled_from([1, 2, 3, 0.5]),
            "minLength": sizes,
            "maxLength": sizes,
            "pattern": st.sampled_from(["^a", "b$", "^[a-z]*$"]),
            "minItems": sizes,
            "maxItems": sizes,
            "uniqueItems": st.booleans(),
            "minProperties": sizes,
            "maxProperties": sizes,
            "required": st.lists(NAMES, max_size=2, unique=True),
            "dependentRequired": st.dictionaries(NAMES, st.lists(NAMES, max_size=1), max_size=1),
        },
    ).map(lambda schema: dict(list(schema.items())))


def few(keywords: dict[str, Any], chosen: list[int]) -> dict[str, Any]:
    """A handful of keywords out of many: more of them together satisfy nothing."""
    names = sorted(keywords)
    return {names[i % len(names)]: keywords[names[i % len(names)]] for i in chosen if names}


LEAF = st.builds(few, leaf_keywords(), st.lists(st.integers(0, 40), max_size=3))


def nest(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    some = st.lists(inner, min_size=1, max_size=3)
    maps = st.dictionaries(NAMES, inner, max_size=3)
    deep = st.fixed_dictionaries(
        {},
        optional={
            "properties": maps,
            "additionalProperties": st.one_of(st.booleans(), inner),
            "patternProperties": st.dictionaries(st.sampled_from(["^a", "b"]), inner, max_size=1),
            "propertyNames": inner,
            "dependentSchemas": st.dictionaries(NAMES, inner, max_size=1),
            "items": inner,
            "prefixItems": some,
            "contains": inner,
            "minContains": st.integers(0, 2),
            "allOf": some,
            "anyOf": some,
            "oneOf": some,
            "not": inner,
            "if": inner,
            "then": inner,
            "else": inner,
            "$ref": st.sampled_from(["#/$defs/n", "#/$defs/m"]),
            "unevaluatedProperties": st.booleans(),
        },
    )
    picked = st.builds(few, deep, st.lists(st.integers(0, 60), min_size=1, max_size=3))
    return st.one_of(st.booleans(), st.builds(lambda a, b: {**a, **b}, picked, LEAF))


SCHEMAS = st.recursive(LEAF, nest, max_leaves=8).filter(lambda s: isinstance(s, dict))
DEFS = st.fixed_dictionaries({"n": LEAF, "m": LEAF})
INSTANCES = st.recursive(
    VALUES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("abcd"), inner, max_size=3)
    ),
    max_leaves=6,
)


def compiled(schema: dict[str, Any], defs: dict[str, Any]) -> CompiledSchema | None:
    try:
        return compile_schema({**schema, "$defs": defs})
    except SchemaRefused:
        return None


def changed(schema: Any, draw: st.DrawFn) -> Any:
    """The schema with something small done to it: unrelated schemas are never compatible."""
    if not isinstance(schema, dict) or not schema or draw(st.booleans()):
        return {**schema, **draw(LEAF)} if isinstance(schema, dict) else schema
    key = draw(st.sampled_from(sorted(schema)))
    value = schema[key]
    if draw(st.integers(0, 3)) == 0:
        return {k: v for k, v in schema.items() if k != key}
    if isinstance(value, dict) and key in ("properties", "patternProperties", "dependentSchemas"):
        return {**schema, key: {name: changed(one, draw) for name, one in value.items()}}
    if isinstance(value, dict):
        return {**schema, key: changed(value, draw)}
    if isinstance(value, list) and value and key in ("allOf", "anyOf", "oneOf", "prefixItems"):
        return {**schema, key: [changed(value[0], draw), *value[1:]]}
    if isinstance(value, list) and len(value) > 1:
        return {**schema, key: value[1:]}
    if isinstance(value, int) and not isinstance(value, bool) and key != "const":
        return {**schema, key: max(1, value + draw(st.sampled_from([-1, 1])))}
    return schema


@st.composite
def pairs(draw: st.DrawFn) -> tuple[CompiledSchema, CompiledSchema]:
    first, defs = draw(SCHEMAS), draw(DEFS)
    second = draw(SCHEMAS) if draw(st.integers(0, 4)) == 0 else changed(first, draw)
    others = draw(DEFS) if draw(st.integers(0, 3)) == 0 else defs
    old, new = compiled(first, defs), compiled(second, others)
    return (
        old or compile_schema({"type": "object"}),
        new or compile_schema({"type": "object"}),
    )


@settings(max_examples=200, deadline=None)
@given(pairs(), st.lists(INSTANCES, min_size=5, max_size=25))
def test_what_is_called_compatible_is_so_for_every_output(
    schemas: tuple[CompiledSchema, CompiledSchema], values: list[Any]
) -> None:
    """If no consumer breaks, each value that NEW allows was allowed by OLD."""
    old, new = schemas
    if for_consumers(old, new).breaks != "no":
        return
    for value in [*values, *samples(new.source, old.source)]:
        if not new.problems(value):
            assert not old.problems(value), (old.source, new.source, value)


@settings(max_examples=150, deadline=None)
@given(
    pairs(),
    st.dictionaries(NAMES, VALUES, max_size=2),
    st.dictionaries(NAMES, VALUES, max_size=2),
    st.lists(st.dictionaries(st.sampled_from("abcd"), INSTANCES, max_size=3), max_size=20),
)
def test_what_is_called_compatible_is_so_for_every_input(
    schemas: tuple[CompiledSchema, CompiledSchema],
    old_defaults: dict[str, Any],
    new_defaults: dict[str, Any],
    values: list[dict[str, Any]],
) -> None:
    """If no caller breaks, each input that OLD accepts, defaults filled in, NEW accepts too."""
    old, new = (
        with_defaults(schema, defaults)
        for schema, defaults in zip(schemas, (old_defaults, new_defaults), strict=True)
    )
    if for_callers(old, new).breaks != "no":
        return
    for value in [*values, *samples(old.source, new.source)]:
        if isinstance(value, dict) and not old.problems(old.with_defaults(value)):
            assert not new.problems(new.with_defaults(value)), (old.source, new.source, value)


def with_defaults(schema: CompiledSchema, defaults: dict[str, Any]) -> CompiledSchema:
    properties = dict(schema.source.get("properties", {}))
    for name, value in defaults.items():
        if isinstance(properties.get(name, {}), dict):
            properties[name] = {**properties.get(name, {}), "default": value}
    try:
        return compile_schema({**schema.source, "type": "object", "properties": properties})
    except SchemaRefused:
        return schema


@settings(max_examples=150, deadline=None)
@given(pairs())
def test_a_schema_is_compatible_with_itself(
    schemas: tuple[CompiledSchema, CompiledSchema],
) -> None:
    """Nobody breaks where nothing changes."""
    assert for_consumers(schemas[0], schemas[0]).breaks == "no"
    assert for_callers(schemas[0], schemas[0]).breaks == "no"


# What the stricter one accepts, the looser one does; and something that shows the difference.
STRICTER = [
    ({"type": "integer"}, {"type": "number"}),
    ({"type": "string"}, {"type": ["string", "null"]}),
    ({"enum": ["a"]}, {"enum": ["a", "b"]}),
    ({"const": 1}, {"enum": [1, 2]}),
    ({"enum": ["a", "b"]}, {"type": "string"}),
    ({"type": "number", "minimum": 2}, {"type": "number", "minimum": 1}),
    ({"type": "number", "maximum": 1}, {"type": "number", "maximum": 2}),
    ({"type": "number", "exclusiveMinimum": 1}, {"type": "number", "minimum": 1}),
    ({"type": "number", "minimum": 2}, {"type": "number", "exclusiveMinimum": 1}),
    ({"type": "number", "exclusiveMaximum": 1}, {"type": "number", "maximum": 1}),
    ({"type": "number", "maximum": 0}, {"type": "number", "exclusiveMaximum": 1}),
    ({"type": "integer", "multipleOf": 6}, {"type": "integer", "multipleOf": 3}),
    ({"type": "string", "maxLength": 3}, {"type": "string", "maxLength": 5}),
    ({"type": "string", "minLength": 3}, {"type": "string", "minLength": 1}),
    ({"type": "string", "maxLength": 3}, {"type": "string"}),
    ({"type": "array", "maxItems": 1}, {"type": "array", "maxItems": 2}),
    ({"type": "array", "minItems": 2}, {"type": "array", "minItems": 1}),
    ({"type": "array", "uniqueItems": True}, {"type": "array"}),
    ({"type": "array", "maxItems": 1}, {"type": "array", "uniqueItems": True}),
    (
        {"type": "array", "items": {"type": "integer"}},
        {"type": "array", "items": {"type": "number"}},
    ),
    ({"type": "array", "items": {"type": "string"}}, {"type": "array"}),
    ({"type": "object", "required": ["a"]}, {"type": "object", "properties": {"a": {}}}),
    ({"type": "object", "required": ["a", "b"]}, {"type": "object", "required": ["a"]}),
    ({"type": "object", "required": ["a", "b"]}, {"type": "object", "minProperties": 2}),
    ({"type": "object", "additionalProperties": False}, {"type": "object", "maxProperties": 1}),
    (
        {"type": "object", "properties": {"a": {}}, "additionalProperties": False},
        {"type": "object", "properties": {"a": {}, "b": {}}, "additionalProperties": False},
    ),
    (
        {"type": "object", "properties": {"a": {"maxLength": 2}}},
        {"type": "object", "properties": {"a": {"maxLength": 3}}},
    ),
    (
        {"type": "object", "properties": {"a": {}}, "additionalProperties": False},
        {"type": "object", "properties": {"a": {}}},
    ),
    (
        {"type": "object", "additionalProperties": {"type": "integer"}},
        {"type": "object", "additionalProperties": {"type": "number"}},
    ),
    (
        {"type": "object", "properties": {"a": {}}, "additionalProperties": False},
        {"type": "object", "propertyNames": {"enum": ["a", "b"]}},
    ),
    (
        {"type": "object", "required": ["a", "b"]},
        {"type": "object", "dependentRequired": {"a": ["b"]}},
    ),
    ({"anyOf": [{"type": "integer"}]}, {"anyOf": [{"type": "integer"}, {"type": "string"}]}),
    ({"type": "integer"}, {"oneOf": [{"type": "integer"}, {"type": "string"}]}),
    ({"allOf": [{"type": "integer"}, {"minimum": 1}]}, {"type": "integer"}),
    ({"type": "integer", "minimum": 1}, {"if": {"type": "integer"}, "then": {"minimum": 1}}),
    ({"$defs": {"n": {"type": "integer"}}, "$ref": "#/$defs/n"}, {"type": "number"}),
]


@pytest.mark.parametrize(("strict", "loose"), STRICTER, ids=str)
def test_looser_is_proved_and_stricter_is_shown(
    strict: dict[str, Any], loose: dict[str, Any]
) -> None:
    """Both sides of every keyword: never the wrong way round."""
    one, other = compile_schema(strict), compile_schema(loose)
    assert for_consumers(other, one).breaks == "no"
    found = for_consumers(one, other)
    only_new = strict.get("additionalProperties") is False and "properties" in strict
    assert found.breaks == ("may" if only_new else "yes")
    assert found.reasons
    if strict.get("type") == loose.get("type") == "object":
        assert for_callers(one, other).breaks == "no"
        assert for_callers(other, one).breaks == "yes"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        # in both branches, so in no `oneOf`
        (
            {"type": "integer", "oneOf": [{"minimum": 1}, {"maximum": 3}]},
            {"type": "integer", "minimum": 2, "maximum": 2},
        ),
        # a declared property need not be there
        (
            {"type": "object", "required": ["a"]},
            {"type": "object", "properties": {"a": {"type": "string"}}},
        ),
        # a name that no pattern of NEW closes off
        (
            {"type": "object", "additionalProperties": False},
            {"type": "object", "patternProperties": {"^a": {}}, "additionalProperties": False},
        ),
        # equal words, other definitions
        (
            {"$defs": {"n": {"type": "string"}}, "$ref": "#/$defs/n"},
            {"$defs": {"n": {"type": "integer"}}, "$ref": "#/$defs/n"},
        ),
        (
            {"$defs": {"n": {"type": "string"}}, "properties": {"a": {"$ref": "#/$defs/n"}}},
            {"$defs": {"n": {"type": "integer"}}, "properties": {"a": {"$ref": "#/$defs/n"}}},
        ),
        # one too many, one too few
        ({"type": "array", "uniqueItems": True}, {"type": "array", "maxItems": 2}),
        ({"type": "object", "minProperties": 2}, {"type": "object", "required": ["a"]}),
        (
            {"type": "object", "dependentRequired": {"a": ["b"]}},
            {"type": "object", "required": ["a"]},
        ),
        # 1 and true are two values
        ({"const": 1}, {"const": True}),
        # the items behind the first are free
        (
            {"type": "array", "items": {"type": "string"}},
            {"type": "array", "prefixItems": [{"type": "string"}]},
        ),
    ],
    ids=str,
)
def test_what_only_looks_compatible_is_not(old: dict[str, Any], new: dict[str, Any]) -> None:
    """Traps for a proof that takes a keyword for more than it says."""
    assert for_consumers(compile_schema(old), compile_schema(new)).breaks != "no"


def answer(required: list[str], **properties: Any) -> CompiledSchema:
    rest = {"required": required, "additionalProperties": False}
    return compile_schema({"type": "object", "properties": properties, **rest})


def test_a_broken_rule_is_told_with_the_value_that_breaks_it() -> None:
    """So that nobody has to think of one; for a length its number will do."""
    old, new = (
        compile_schema({"type": "object", "properties": {"amount": {"type": kind}}})
        for kind in ("number", "integer")
    )
    (reason,) = for_callers(old, new).reasons
    assert re.fullmatch(r"`amount` must be integer, not -?\d+\.\d+", reason)


def test_a_property_that_is_only_new_may_break_consumers_and_hides_nothing_that_does() -> None:
    """However many are new: what a reader of the old answer misses or misreads still breaks it."""
    text = {"type": "string"}
    more = {f"n{number}": text for number in range(9)}
    old = answer(["a"], a=text)
    assert for_consumers(old, answer(["a", "b"], a=text, b=text)) == Verdict("may", ("`b` is new",))
    assert for_consumers(old, answer(["a", *more], a=text, **more)).breaks == "may"
    assert for_consumers(old, answer([], a=text, **more)).breaks == "yes"
    assert for_consumers(old, answer(["a", *more], **more, a={"type": "null"})).breaks == "yes"


def test_callers_that_rely_on_a_default_break_without_it() -> None:
    text = {"type": "string"}
    old = answer(["a", "b"], a=text, b={**text, "default": "x"})
    found = for_callers(old, answer(["a", "b"], a=text, b=text))
    assert found == Verdict("yes", ("`b` is required",))


def test_what_is_left_unevaluated_depends_on_what_stands_beside_it() -> None:
    """A choice taken out of a schema takes its properties with it."""
    shut = {"type": "object", "properties": {"a": {}}, "unevaluatedProperties": False}
    choice = {"anyOf": [{"properties": {"b": {}}, "required": ["b"]}]}
    old, new = compile_schema(shut), compile_schema({**shut, **choice})
    assert for_consumers(old, new).breaks != "no"
    assert for_consumers(new, new).breaks == "no"


def test_values_of_tagged_unions_are_told_apart() -> None:
    """One more kind breaks consumers, one less does not."""

    def kinds(*names: str) -> CompiledSchema:
        branches = [
            {"type": "object", "required": ["kind"], "properties": {"kind": {"const": name}}}
            for name in names
        ]
        return compile_schema({"oneOf": branches})

    assert for_consumers(kinds("a", "b"), kinds("a")).breaks == "no"
    assert for_consumers(kinds("a"), kinds("a", "b")).breaks == "yes"


def test_a_pattern_that_changes_may_break_unless_an_example_shows_it() -> None:
    """Nothing is claimed of two patterns that nobody compared."""
    old, new = (
        compile_schema({"type": "object", "properties": {"a": {"type": "string", "pattern": p}}})
        for p in ("^[A-Z]{3}-[0-9]+$", "^[A-Z]{3}-[0-9]{1,9}$")
    )
    found = for_callers(old, new)
    assert (found.breaks, found.reasons) == ("may", ("a: pattern",))


SUITE = os.environ.get("JSON_SCHEMA_TEST_SUITE")


@pytest.mark.skipif(
    not SUITE or not (Path(SUITE) / "tests" / "draft2020-12").is_dir(),
    reason="JSON_SCHEMA_TEST_SUITE does not name a copy of the public JSON Schema test suite",
)
def test_the_public_suite_contradicts_no_proof() -> None:
    """Neighbours in a file of the suite differ in little; its own values are held against what is
    said of them."""
    for file in sorted((Path(SUITE or "") / "tests" / "draft2020-12").glob("*.json")):
        groups = [group for group in json.loads(file.read_text()) if type(group["schema"]) is dict]
        values = [test["data"] for group in groups for test in group["tests"]]
        schemas = [found for group in groups if (found := whole(group["schema"])) is not None]
        for one, other in pairwise(schemas):
            for old, new in ((one, other), (other, one)):
                if for_consumers(old, new).breaks == "no":
                    allowed = (value for value in values if not new.problems(value))
                    assert not any(old.problems(value) for value in allowed), (file, old, new)


def whole(schema: dict[str, Any]) -> CompiledSchema | None:
    try:
        return compile_schema(schema)
    except SchemaRefused:
        return None
