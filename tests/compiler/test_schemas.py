"""Schemas: what loads, what the API is sent, what is put right, and what is never fetched."""

from __future__ import annotations

import json
import socket
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from router.compiler.schemas import SchemaRefused, compile_schema


def refusal(schema):
    with pytest.raises(SchemaRefused) as caught:
        compile_schema(schema)
    return caught.value.problems


@pytest.mark.parametrize(
    ("schema", "rule", "path", "help_"),
    [
        ({"typ": "string"}, "bad-schema", ("typ",), "did you mean `type`?"),
        ({"type": "strng"}, "bad-schema", ("type",), "did you mean `string`?"),
        (
            {"properties": {"a": {"maxlength": 3}}},
            "bad-schema",
            ("properties", "a", "maxlength"),
            "maxLength",
        ),
        ({"definitions": {}}, "bad-schema", ("definitions",), "$defs"),
        ({"dependencies": {}}, "bad-schema", ("dependencies",), "dependentRequired"),
        ({"nullable": True}, "bad-schema", ("nullable",), "null"),
        ({"$defs": None, "$ref": "#/$defs/a"}, "bad-schema", ("$ref",), None),
        ({"$id": "http://x"}, "bad-schema", ("$id",), None),
        ({"$anchor": "a"}, "bad-schema", ("$anchor",), "$defs"),
        ({"$dynamicRef": "#a"}, "bad-schema", ("$dynamicRef",), None),
        ({"items": [{"type": "string"}]}, "bad-schema", ("items",), None),
        ({"minLength": -1}, "bad-schema", ("minLength",), None),
        ({"minLength": "3"}, "bad-schema", ("minLength",), None),
        ({"required": "a"}, "bad-schema", ("required",), None),
        ({"enum": 3}, "bad-schema", ("enum",), None),
        ({"format": "emial"}, "bad-schema", ("format",), "did you mean `email`?"),
        ({"$schema": "http://json-schema.org/draft-07/schema#"}, "bad-schema", ("$schema",), None),
        ({"$ref": "http://127.0.0.1:9/s.json"}, "schema-remote-ref", ("$ref",), None),
        ({"$ref": "other.json"}, "schema-remote-ref", ("$ref",), None),
        ({"$ref": "file:///etc/passwd"}, "schema-remote-ref", ("$ref",), None),
        (
            {"$ref": "#/$defs/a", "$defs": {"b": {}}},
            "bad-schema",
            ("$ref",),
            "did you mean `#/$defs/b`?",
        ),
        ({"$ref": "#"}, "bad-schema", (), None),
        ({"allOf": [{"$ref": "#"}]}, "bad-schema", (), None),
        ({"pattern": "(?=a)b"}, "schema-pattern", ("pattern",), None),
        ({"pattern": "(a)\\1"}, "schema-pattern", ("pattern",), None),
        ({"pattern": "(a{1000}){1000}"}, "schema-pattern", ("pattern",), None),
        ({"pattern": "["}, "schema-pattern", ("pattern",), None),
        ({"pattern": "a" * 501}, "schema-pattern", ("pattern",), None),
        (
            {"patternProperties": {"(?!x)": {}}},
            "schema-pattern",
            ("patternProperties", "(?!x)"),
            None,
        ),
        (
            {"properties": {"a": {"type": "string", "default": 1}}},
            "bad-schema",
            ("properties", "a", "default"),
            None,
        ),
        (True, "bad-schema", (), None),
        ([], "bad-schema", (), None),
        ("string", "bad-schema", (), None),
        (None, "bad-schema", (), None),
        ({"enum": list(range(6000))}, "bad-schema", ("enum",), None),
    ],
)
def test_what_cannot_be_trusted_is_refused_with_its_place(schema, rule, path, help_):
    """The rule, where in the schema, and what to write instead."""
    found = refusal(schema)
    assert (found[0].rule, found[0].path) == (rule, path)
    if help_ is not None:
        assert help_ in found[0].help


def test_a_schema_too_deep_or_too_large_is_refused_quickly():
    """Size and depth are bounded before anything recursive looks at the schema."""
    deep = {}
    for _ in range(5000):
        deep = {"items": deep}
    wide = {"properties": {f"p{i}": {} for i in range(5000)}}
    begin = time.process_time()
    assert refusal(deep)[0].rule == "bad-schema"
    assert refusal(wide)[0].rule == "bad-schema"
    assert time.process_time() - begin < 1.0


def test_nothing_is_ever_fetched():
    """A listener on loopback sees no connection, at load or at run."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        url = f"http://127.0.0.1:{server.getsockname()[1]}/schema.json"
        for schema in (
            {"$ref": url},
            {"$schema": url},
            {"$id": url},
            {"items": {"$ref": url + "#/a"}},
        ):
            refusal(schema)
        with pytest.raises(TimeoutError):
            server.accept()


@pytest.mark.parametrize("pattern", ["^(a+)+$", "^(a|a)*$", "^(.*a){20}$", "(x+x+)+y"])
def test_patterns_take_linear_time(pattern):
    """Patterns that blow up elsewhere are matched in one pass."""
    schema = compile_schema({"type": "string", "pattern": pattern})
    begin = time.process_time()
    schema.problems("a" * 50_000 + "!")
    assert time.process_time() - begin < 1.0


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (float("nan"), ""),
        (float("inf"), ""),
        ({"a": float("nan")}, "a"),
        ({"a": [1, {"b": float("-inf")}]}, "a[1].b"),
        ({"a": "\ud800"}, "a"),
        ({1: 2}, ""),
        ({"a": {1, 2}}, "a"),
        ({"a": b"x"}, "a"),
        ({"a": object()}, "a"),
    ],
)
@pytest.mark.parametrize(
    "schema", [{}, {"type": "number"}, {"additionalProperties": {"type": "number"}}]
)
def test_what_is_no_json_is_never_valid(schema, value, path):
    """NaN, infinities, lone surrogates and foreign objects break every schema."""
    found = compile_schema(schema).problems(value)
    assert len(found) == 1
    assert found[0].path == path


def test_deep_values_are_refused_and_do_not_end_the_process():
    """A value nested without end is a violation, also where the schema is recursive."""
    value = []
    for _ in range(100_000):
        value = [value]
    for schema in (
        {},
        {"items": {"$ref": "#"}},
        {"uniqueItems": True},
        {"const": [[1]]},
        {"type": "string"},
    ):
        found = compile_schema(schema).problems(value)
        assert [violation.rule for violation in found] == ["depth"]


def test_violations_name_path_and_rule_and_keep_the_value_to_themselves():
    """Messages may be logged: they repeat no text of the value."""
    schema = compile_schema(
        {
            "type": "object",
            "required": ["label", "items"],
            "additionalProperties": False,
            "properties": {
                "label": {"enum": ["a", "b"]},
                "items": {
                    "type": "array",
                    "items": {"type": "string", "maxLength": 3, "pattern": "^x"},
                },
                "n": {"type": "number", "maximum": 1},
            },
        }
    )
    secret = "SECRETSECRET"
    found = schema.problems({"label": secret, "items": [secret], "n": 55, "z": 1})
    assert {(v.path, v.rule) for v in found} == {
        ("label", "enum"),
        ("items[0]", "maxLength"),
        ("items[0]", "pattern"),
        ("n", "maximum"),
        ("z", "additionalProperties"),
    }
    assert not any(secret in v.message or "55" in v.message for v in found)
    assert [v.path for v in schema.problems({"label": "a"})] == ["items"]


class TestWire:
    """The part of a schema that the API is sent."""

    @pytest.mark.parametrize(
        ("schema", "wire", "removed"),
        [
            (
                {
                    "type": "object",
                    "properties": {"a": {"type": "number", "minimum": 0, "maximum": 1}},
                    "required": ["a"],
                    "additionalProperties": False,
                },
                {
                    "type": "object",
                    "properties": {"a": {"type": "number"}},
                    "required": ["a"],
                    "additionalProperties": False,
                },
                ("a: minimum", "a: maximum"),
            ),
            (
                {"type": "object", "properties": {"a": {"type": "string"}}},
                {
                    "type": "object",
                    "properties": {"a": {"type": "string"}},
                    "additionalProperties": False,
                },
                ("additionalProperties: sent as false",),
            ),
            ({"type": ["string", "null"]}, {"anyOf": [{"type": "string"}, {"type": "null"}]}, ()),
            (
                {"oneOf": [{"type": "string"}, {"type": "null"}]},
                {"anyOf": [{"type": "string"}, {"type": "null"}]},
                ("oneOf: sent as anyOf",),
            ),
            ({"enum": ["a", None, 1]}, {"enum": ["a", None, 1]}, ()),
            ({"type": "string", "enum": ["a"]}, {"enum": ["a"]}, ()),
            ({"type": "string", "format": "email"}, {"type": "string", "format": "email"}, ()),
            ({"type": "string", "format": "iri"}, {"type": "string"}, ("format",)),
            (
                {"type": "string", "pattern": "^[a-z]+$"},
                {"type": "string", "pattern": "^[a-z]+$"},
                (),
            ),
            ({"type": "string", "pattern": r"\bx"}, {"type": "string"}, ("pattern",)),
            (
                {"type": "array", "items": {"type": "integer"}, "minItems": 1},
                {"type": "array", "items": {"type": "integer"}, "minItems": 1},
                (),
            ),
            (
                {"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 3},
                {"type": "array", "items": {"type": "integer"}},
                ("minItems", "maxItems"),
            ),
            (
                {"type": "array", "prefixItems": [{"type": "integer"}], "items": False},
                {"type": "array"},
                ("prefixItems", "items"),
            ),
            (
                {"type": "string", "title": "T", "description": "D", "$comment": "c"},
                {"title": "T", "description": "D", "type": "string"},
                (),
            ),
        ],
        ids=lambda value: json.dumps(value)[:60] if isinstance(value, dict) else "",
    )
    def test_what_the_api_refuses_is_left_out_and_listed(self, schema, wire, removed):
        """Nothing else changes, and the author's words least of all."""
        compiled = compile_schema(schema)
        assert compiled.wire == wire
        assert set(compiled.removed) == set(removed)

    @pytest.mark.parametrize(
        "schema",
        [
            {"type": "object"},
            {"type": "object", "additionalProperties": {"type": "string"}},
            {"type": "object", "properties": {"a": {"$ref": "#"}}},
            {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["b"]},
            {"type": "object", "properties": {"a": {}}},
            {"enum": [[1], {}]},
            {"allOf": [True]},
            {"type": "object", "properties": {"a": {"anyOf": [False, {"type": "string"}]}}},
            {
                "type": "object",
                "properties": {"a": {"type": "string"}},
                "anyOf": [{"properties": {"b": {}}, "required": ["b"]}],
            },
            {},
        ],
        ids=json.dumps,
    )
    def test_where_the_api_would_be_asked_for_less_nothing_is_sent(self, schema):
        """An open map, a recursion, an untyped value: the schema is enforced here only."""
        compiled = compile_schema(schema)
        assert compiled.wire is None
        assert len(compiled.removed) == 1
        assert compiled.removed[0].endswith("checked here only")

    def test_numbers_too_large_for_a_float_are_numbers(self):
        """As a member of an enum: sent as it is."""
        schema = {"type": "integer", "enum": [10**400, 1.0]}
        assert compile_schema(schema).wire == {"enum": schema["enum"]}

    SUPPORTED = frozenset(
        {
            "type",
            "properties",
            "required",
            "additionalProperties",
            "items",
            "enum",
            "const",
            "anyOf",
            "$ref",
            "$defs",
        }
        | {"default", "description", "title", "format", "minItems", "pattern"}
    )

    @settings(max_examples=80, deadline=None)
    @given(st.data())
    def test_any_answer_that_the_schema_allows_closed_is_allowed_on_the_wire(self, data):
        """Leaving out keywords never asks for something the author did not."""
        schema = data.draw(schemas())
        compiled = compile_schema(schema)
        if compiled.wire is None:
            return
        self.only_supported(compiled.wire)
        value = data.draw(st.one_of(JSON, near(schema)))
        if compiled.problems(value) == () and closed(schema, value):
            assert Draft202012Validator(dict(compiled.wire)).is_valid(value)

    def only_supported(self, wire):
        """Every keyword on the wire is one that the API documents."""
        assert wire.keys() <= self.SUPPORTED
        if wire.get("type") == "object":
            assert wire["additionalProperties"] is False
        assert wire.get("minItems", 0) in (0, 1)
        for child in [
            *wire.get("properties", {}).values(),
            *wire.get("anyOf", []),
            *wire.get("$defs", {}).values(),
        ]:
            self.only_supported(child)
        if "items" in wire:
            self.only_supported(wire["items"])


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-3, 5), st.sampled_from(["", "a", "B", "ab"])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2), st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=2)
    ),
    max_leaves=4,
)


def schemas():
    """Schemas of the kind that policies have."""
    leaf = st.sampled_from(
        [
            {"type": "string", "maxLength": 1},
            {"type": "string", "pattern": "^a"},
            {"type": ["string", "null"], "minLength": 1},
            {"type": "integer", "minimum": 0},
            {"type": "boolean"},
            {"enum": ["a", "B", None]},
            {"const": "a"},
            {"type": "null"},
        ]
    )

    def deeper(inner):
        objects = st.fixed_dictionaries(
            {
                "type": st.just("object"),
                "properties": st.dictionaries(st.sampled_from("ab"), inner, min_size=1),
            },
            optional={"additionalProperties": st.booleans(), "minProperties": st.just(1)},
        )
        return st.one_of(
            objects,
            inner.map(lambda s: {"type": "array", "items": s, "maxItems": 1}),
            st.lists(inner, min_size=1, max_size=2).map(lambda s: {"anyOf": s}),
            st.lists(inner, min_size=1, max_size=2).map(lambda s: {"oneOf": s}),
            st.tuples(objects, inner).map(
                lambda t: {**t[0], "if": {"required": ["a"]}, "then": {"minProperties": 1}}
            ),
        )

    return st.recursive(leaf, deeper, max_leaves=5)


def near(schema):
    """Objects with the properties that a schema declares."""
    names = list(schema.get("properties", {"a": {}}))
    return st.dictionaries(st.sampled_from(names), JSON, max_size=2)


def closed(schema, value):
    """Whether no object in the value has a property that its schema does not name."""
    if isinstance(value, dict):
        declared = schema.get("properties", {})
        branches = [b for key in ("anyOf", "oneOf") for b in schema.get(key, [])]
        if branches:
            return any(
                closed(b, value) for b in branches if compile_schema(b).problems(value) == ()
            )
        return all(k in declared and closed(declared[k], v) for k, v in value.items())
    if isinstance(value, list):
        branches = [b for key in ("anyOf", "oneOf") for b in schema.get(key, [])]
        if branches:
            return any(
                closed(b, value) for b in branches if compile_schema(b).problems(value) == ()
            )
        return all(closed(schema.get("items", {}), item) for item in value)
    return True


CASED = {
    "type": "object",
    "properties": {
        "label": {"enum": ["billing", "Card", "PIN", None]},
        "kind": {"const": "Report"},
        "tags": {"type": "array", "items": {"enum": ["a", "b"]}},
        "maybe": {"anyOf": [{"enum": ["Yes", "No"]}, {"type": "null"}]},
        "free": {"anyOf": [{"enum": ["Yes"]}, {"enum": ["YES", "x"]}]},
        "inner": {"$ref": "#/$defs/inner"},
        "case": {"enum": ["a", "A"]},
    },
    "$defs": {"inner": {"type": "object", "properties": {"x": {"enum": ["Deep"]}}}},
}


class TestRepair:
    """Letter case of enum and const values, which the API does not promise."""

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ({"label": "BILLING"}, {"label": "billing"}),
            ({"label": " card "}, {"label": "Card"}),
            ({"kind": "report"}, {"kind": "Report"}),
            ({"tags": ["A", "b", "B"]}, {"tags": ["a", "b", "b"]}),
            ({"maybe": "YES"}, {"maybe": "Yes"}),
            ({"inner": {"x": "deep"}}, {"inner": {"x": "Deep"}}),
            ({"label": "bill"}, {"label": "bill"}),
            ({"case": "A"}, {"case": "A"}),
            ({"free": "YES", "label": "pin"}, {"free": "YES", "label": "PIN"}),
            ({"label": 3}, {"label": 3}),
            ("text", "text"),
        ],
    )
    def test_case_is_put_right_wherever_it_stands(self, value, expected):
        """In properties, items, unions and definitions; nothing else changes."""
        schema = compile_schema(CASED)
        before = json.dumps(value)
        assert schema.normalise(value) == expected
        assert json.dumps(value) == before

    @settings(max_examples=100, deadline=None)
    @given(JSON)
    def test_a_valid_value_is_given_back_as_it_is(self, value):
        """Repair never touches what is right."""
        schema = compile_schema({"properties": {"a": {"enum": ["a", "B", 1]}}})
        if schema.problems(value) == ():
            assert schema.normalise(value) is value

    def test_a_recursive_schema_ends(self):
        """A schema that contains itself is followed as deep as the value goes."""
        schema = compile_schema(
            {"type": "object", "properties": {"k": {"enum": ["A"]}, "next": {"$ref": "#"}}}
        )
        assert schema.normalise({"k": "a", "next": {"k": "a"}}) == {"k": "A", "next": {"k": "A"}}


def test_defaults_are_filled_in_at_the_top_and_never_shared():
    """A default is a fresh copy; without a gap the very value comes back."""
    schema = compile_schema(
        {
            "type": "object",
            "properties": {"a": {"default": []}, "b": {"type": "string", "default": "x"}},
        }
    )
    given_ = {"a": [1], "b": "y"}
    assert schema.with_defaults(given_) is given_
    first, second = schema.with_defaults({}), schema.with_defaults({})
    assert first == {"a": [], "b": "x"}
    first["a"].append(1)
    assert second["a"] == []
    assert schema.with_defaults({})["a"] == []


@pytest.mark.parametrize(
    ("path", "there"),
    [
        (("a",), True),
        (("a", "b"), True),
        (("a", "c"), False),
        (("x",), False),
        (("ref", "d"), True),
        (("one", "p"), True),
        (("one", "q"), True),
        (("open", "anything"), True),
        (("pattern", "k"), True),
        (("list", "a"), False),
    ],
)
def test_what_an_output_can_have_is_known(path, there):
    """Paths through definitions, unions and open maps; an undeclared property never appears."""
    inner = {"type": "object", "properties": {"b": {"type": "string"}}}
    schema = compile_schema(
        {
            "type": "object",
            "properties": {
                "a": inner,
                "ref": {"$ref": "#/$defs/d"},
                "one": {"oneOf": [{"properties": {"p": {}}}, {"properties": {"q": {}}}]},
                "open": {"type": "object", "additionalProperties": True},
                "pattern": {"type": "object", "patternProperties": {"^k": {}}},
                "list": {"type": "array", "items": inner},
            },
            "$defs": {"d": {"type": "object", "properties": {"d": {}}}},
        }
    )
    assert bool(schema.at(path)) is there
