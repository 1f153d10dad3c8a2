"""policy.schema.json is a good schema, good hover text, and one that the loader understands."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from router.policy.shape_compiler import compile_schema
from router.resources import shipped

SCHEMA = json.loads((shipped("schemas") / "policy.schema.json").read_bytes())
SLOW = jsonschema.Draft202012Validator(SCHEMA)
CONDITIONS = {"whole_task", "whole_schema", "whole_agreement", "given"}


def subschemas(schema: Any, path: str = "#") -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(schema, dict):
        yield path, schema
        for key, value in schema.items():
            yield from subschemas(value, f"{path}/{key}")
    elif isinstance(schema, list):
        for index, value in enumerate(schema):
            yield from subschemas(value, f"{path}/{index}")


def described() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every property that a person can write, as an editor meets it."""
    for path, schema in subschemas(SCHEMA):
        parts = path.split("/")
        if CONDITIONS & set(parts) or "else" in parts:
            continue  # they say what must be there, not what it means
        for name, sub in schema.get("properties", {}).items():
            yield f"{path}/{name}", sub


def test_it_is_a_valid_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("path", [path for path, _ in described()])
def test_every_property_is_described(path: str) -> None:
    """The description is what an editor shows while the author hovers."""
    sub = dict(described())[path]
    text = sub.get("description")
    if text is None and "$ref" in sub:
        text = SCHEMA["$defs"][sub["$ref"].removeprefix("#/$defs/")].get("description")
    assert text is not None
    assert text.endswith((".", "global.", "standard."))
    assert len(text) > 10


def test_every_choice_says_what_its_values_mean() -> None:
    """Value by value: editors show it beside the value. Conditions are no place for it."""
    silent = [
        path
        for path, schema in subschemas(SCHEMA)
        if "enum" in schema
        and not path.endswith("/then")
        and len(schema.get("enumDescriptions", ())) != len(schema["enum"])
    ]
    assert silent == []


def test_every_map_of_the_format_is_closed() -> None:
    """Only maps of names and the user's own JSON Schemas take any key."""
    open_maps = {
        path.split("/")[-1]
        for path, sub in described()
        if "object" in str(sub.get("type")) and "additionalProperties" not in sub
    }
    assert open_maps == {"input", "output", "input_schema"}


def test_every_definition_is_used() -> None:
    used = {sub["$ref"] for _, sub in subschemas(SCHEMA) if isinstance(sub.get("$ref"), str)}
    assert used == {f"#/$defs/{name}" for name in SCHEMA["$defs"]}


def test_every_pattern_is_said_in_words_and_ends() -> None:
    """`^…$`, so that every engine reads it alike; in words, so that people do."""
    for path, sub in subschemas(SCHEMA):
        if isinstance(sub.get("pattern"), str):
            assert sub["pattern"].startswith("^"), path
            assert sub["pattern"].endswith("$"), path
            assert "patternErrorMessage" in sub, path
            re.compile(sub["pattern"])


@pytest.mark.parametrize(
    "schema",
    [
        {"multipleOf": 2},
        {"oneOf": [{"type": "string"}, {"type": "integer"}]},
        {"enum": [1, 2]},
        {"if": {"minLength": 3}, "then": {"maxLength": 4}},
        {"$ref": "#/$defs/nowhere"},
        {"properties": {"a": {}}, "patternProperties": {"^b": {}}},
        {"minLength": 2},
    ],
)
def test_a_keyword_that_the_loader_does_not_know_is_not_passed_over(schema: dict[str, Any]) -> None:
    """Whoever extends the schema must extend its reader, else the two would drift."""
    with pytest.raises(ValueError, match=r"understood|required keys|enum|nowhere|overlap|above"):
        compile_schema(schema)


@pytest.mark.parametrize(
    "path", sorted(shipped("policies").rglob("*.yaml")), ids=lambda path: path.name
)
def test_editors_find_nothing_wrong_with_the_starter_policies(path: Path) -> None:
    """As written, before any merging: parents, children and all."""
    if not path.name.endswith(".test.yaml"):
        SLOW.validate(yaml.safe_load(path.read_bytes()))


AS_WRITTEN = [
    # a file; whether an editor is to be content with it
    ("{version: 1, extends: _p.yaml, tasks: {t: {owner: null, retry: {cap: null}}}}", True),
    ("{version: 1, tasks: {_b: {owner: x}, t: {extends: _b, tags: {a: null}}}}", True),
    ("{version: 1, tasks: {_b: {owner: null}}}", True),
    ("{version: 1, tasks: {t: {owner: x}}}", False),
    ("{version: 1, tasks: {t: null}}", False),
    ("{version: 1, extends: _p.yaml, tasks: {t: null}}", True),
    ("{version: 1, extends: _p.yaml, tasks: {t: {ownr: x}}}", False),
    ("{version: 1, extends: _p.yaml, tasks: {t: {tiers: [{model: m}]}}}", False),
]


@pytest.mark.parametrize(("text", "content"), AS_WRITTEN)
def test_what_extends_may_be_partial_and_remove_things(text: str, content: bool) -> None:
    """Editors see a file before its parents are merged in; they ask only for what it must hold."""
    assert SLOW.is_valid(yaml.safe_load(text)) == content
