"""Made-up answers have the shape that was asked for, and say what they are."""

import json
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from router.emulator import Emulator, ManualClock
from router.emulator.patterns import matching
from router.emulator.shapes import shaped

names = st.sampled_from(["label", "confidence", "count", "notes", "due"])
scalars = st.one_of(
    st.fixed_dictionaries(
        {"type": st.just("string")},
        optional={"minLength": st.integers(0, 30), "maxLength": st.integers(30, 60)},
    ),
    st.sampled_from(
        [
            {"type": "boolean"},
            {"type": "null"},
            {"enum": ["a", "b", 3, None]},
            {"const": "fixed"},
            {"type": "string", "format": "date-time"},
            {"type": "string", "pattern": "^[A-Z]{2}-[0-9]{3,5}$"},
            {"type": ["string", "null"]},
        ]
    ),
    st.tuples(st.integers(-50, 50), st.integers(0, 50)).map(
        lambda t: {"type": "integer", "minimum": t[0], "maximum": t[0] + t[1]}
    ),
    st.tuples(st.integers(-50, 50), st.integers(1, 50)).map(
        lambda t: {
            "type": "number",
            "exclusiveMinimum": t[0],
            "exclusiveMaximum": t[0] + t[1],
        }
    ),
    st.sampled_from(
        [{"type": "integer"}, {"type": "number"}, {"type": "number", "minimum": 0, "maximum": 1}]
    ),
)


def _containers(inner):
    objects = st.dictionaries(names, inner, max_size=4).flatmap(
        lambda properties: st.sets(
            st.sampled_from(sorted(properties)) if properties else st.nothing()
        ).map(
            lambda required: {
                "type": "object",
                "properties": properties,
                "required": sorted(required),
                "additionalProperties": False,
            }
        )
    )
    arrays = st.tuples(inner, st.integers(0, 3)).map(
        lambda t: {"type": "array", "items": t[0], "minItems": t[1], "maxItems": t[1] + 1}
    )
    unions = st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"anyOf": parts})
    return st.one_of(objects, arrays, unions)


@given(st.recursive(scalars, _containers, max_leaves=8), st.integers(0, 5))
@settings(max_examples=150, deadline=None)
def test_a_made_up_value_fits_its_schema_and_is_the_same_for_the_same_seed(schema, seed):
    value = shaped(schema, Random(seed))
    Draft202012Validator(schema).validate(value)
    assert value == shaped(schema, Random(seed))


def test_references_and_all_of_are_followed():
    schema = {
        "type": "object",
        "properties": {"who": {"$ref": "#/$defs/person"}},
        "required": ["who"],
        "$defs": {
            "person": {
                "allOf": [
                    {"type": "object", "properties": {"name": {"type": "string"}}},
                    {"properties": {"age": {"type": "integer", "minimum": 18}}},
                ],
                "required": ["name", "age"],
            }
        },
    }
    value = shaped(schema, Random(1))
    Draft202012Validator(schema).validate(value)
    assert value["who"]["age"] >= 18


def test_a_recursive_schema_ends():
    schema = {
        "type": "object",
        "properties": {"next": {"$ref": "#"}, "name": {"type": "string"}},
        "required": ["name"],
    }
    Draft202012Validator(schema).validate(shaped(schema, Random(1)))


@pytest.mark.parametrize(
    "pattern",
    ["^[a-z]+$", r"^\d{4}-\d{2}$", "^(yes|no)$", "x?y*z+", "[^a-z]", r"^\w+@\w+\.(com|org)$", "."],
)
def test_simple_patterns_are_met(pattern):
    assert matching(pattern, Random(3)) is not None


@pytest.mark.parametrize("pattern", ["(", "(?=a)b", "a{100000}"])
def test_patterns_beyond_it_are_given_up(pattern):
    assert matching(pattern, Random(3)) is None


def answered(**changes):
    emulator = Emulator(clock=ManualClock())
    body = {
        "model": "claude-haiku-5-5",
        "max_tokens": 500,
        "messages": [{"role": "user", "content": "Where is my card?"}],
        **changes,
    }
    reply = emulator.handle("POST", "/v1/messages", {}, json.dumps(body).encode())
    assert reply.headers["x-emulated"] == "true"
    assert reply.headers["request-id"].startswith("req_emulated_")
    message = json.loads(reply.read())
    assert message["id"].startswith("msg_emulated_")
    return message


SCHEMA = {
    "type": "object",
    "properties": {
        "label": {"enum": ["billing", "card"]},
        "confidence": {"type": "number"},
        "explanation": {"type": "string"},
    },
    "required": ["explanation", "confidence", "label"],
    "additionalProperties": False,
}


def test_an_unscripted_answer_has_the_output_schemas_shape_and_says_emulated():
    config = {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}}
    message = answered(**config)
    output = json.loads(message["content"][0]["text"])
    Draft202012Validator(SCHEMA).validate(output)
    assert list(output) == SCHEMA["required"]
    assert 0.5 <= output["confidence"] <= 1
    assert output["explanation"].startswith("emulated")
    assert answered(**config)["content"] == message["content"]


def test_an_unscripted_text_says_emulated():
    message = answered()
    assert message["content"][0]["text"].startswith("[emulated]")
    assert message["stop_reason"] == "end_turn"


def test_a_forced_tool_is_called_with_arguments_of_its_shape():
    tool = {"name": "file", "input_schema": {**SCHEMA}}
    message = answered(tools=[tool], tool_choice={"type": "tool", "name": "file"})
    (block,) = message["content"]
    assert (block["type"], block["name"]) == ("tool_use", "file")
    assert message["stop_reason"] == "tool_use"
    Draft202012Validator(SCHEMA).validate(block["input"])
