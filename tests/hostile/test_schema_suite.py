"""JSON Schema's own test suite (draft 2020-12) through inputs and outputs, as a run checks them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from router.catalog import load_catalog
from router.compiler.model import Event, Task
from router.engine.answers import read_answer
from router.engine.effects import Reply
from router.engine.inputs import prepare_inputs
from router.errors import InputInvalid
from router.policy.sources import MemorySources
from router.rules.judge import judge
from router.types import Usage

SUITE = Path(os.environ.get("JSON_SCHEMA_TEST_SUITE") or "nowhere") / "tests" / "draft2020-12"

needs_suite = pytest.mark.skipif(
    not SUITE.is_dir(),
    reason="JSON_SCHEMA_TEST_SUITE does not name a copy of the public JSON Schema test suite",
)


def groups(*folders: str) -> Iterator[dict[str, Any]]:
    for folder in folders:
        for file in sorted((SUITE / folder).glob("*.json")):
            if file.name != "format.json":  # there formats are comments; here they are checked
                yield from json.loads(file.read_text(encoding="utf-8"))


def tasks(part: str, schemas: dict[str, Any]) -> dict[str, Task]:
    """The tasks whose schema loads, out of one policy set that has them all."""
    files = {
        f"{name}.yaml": json.dumps(
            {
                "version": 1,
                "tasks": {
                    name: {
                        part: schema,
                        "prompt": {"user": "Say something."},
                        "tiers": [{"model": "claude-haiku-5-5", "max_tokens": 100}],
                    }
                },
            }
        )
        for name, schema in schemas.items()
    }
    judged = judge(MemorySources(files), load_catalog(), today=date(2026, 11, 28))
    for finding in judged.findings:
        assert finding.span.file.removesuffix(".yaml") in schemas
        assert finding.span.line >= 1
    return {compiled.task.name: compiled.task for compiled in judged.tasks}


def within(schema: Any) -> dict[str, Any]:
    """A schema for the input `value`; what it refers to stays where it is looked for."""
    if not isinstance(schema, dict):
        schema = {"allOf": [schema]}
    shared = {key: schema[key] for key in ("$defs", "$schema") if key in schema}
    inner = {key: value for key, value in schema.items() if key not in shared}
    return {**shared, "type": "object", "required": ["value"], "properties": {"value": inner}}


@needs_suite
def test_inputs_are_held_to_the_suites_verdict() -> None:
    """A run takes the values that the suite calls valid, unchanged, and no others."""
    every = {
        f"t{number}": group
        for number, group in enumerate(groups(".", "optional/format"))
        if '"#"' not in json.dumps(group["schema"])  # the root is another one here
        and '"#/prop' not in json.dumps(group["schema"])
    }
    loaded = tasks("input", {name: within(group["schema"]) for name, group in every.items()})
    checked = 0
    for name, task in loaded.items():
        for case in every[name]["tests"]:
            checked += 1
            given = {"value": case["data"]}
            problems: tuple[str, ...] = ()
            try:
                assert prepare_inputs(task, given) == given
            except InputInvalid as refusal:
                problems = refusal.problems
            if not any("64 bits" in problem for problem in problems):
                assert case["valid"] is (not problems), (every[name], case, problems)
    assert checked > 1_000


@needs_suite
def test_outputs_are_held_to_the_suites_verdict() -> None:
    """An answer is usable where the suite calls it valid, and repaired at most in letter case."""
    every = {f"t{number}": group for number, group in enumerate(groups(".", "optional/format"))}
    loaded = tasks("output", {name: group["schema"] for name, group in every.items()})
    checked = 0
    for name, task in loaded.items():
        for case in every[name]["tests"]:
            checked += 1
            text = json.dumps(case["data"])
            reply = Reply("m", "claude-haiku-5-5", (), text, "end_turn", Usage())
            answer = read_answer(task, reply)
            if answer.event is Event.INVALID_OUTPUT:
                assert not case["valid"], (every[name], case, answer.problem)
            else:
                assert answer.usable
                assert case["valid"] or answer.output != case["data"], (every[name], case)
    assert checked > 1_000


@needs_suite
def test_what_the_suite_would_fetch_is_refused_with_a_place() -> None:
    """Every schema of its remote references is an error, and none of them loads."""
    groups_ = json.loads((SUITE / "refRemote.json").read_text(encoding="utf-8"))
    assert groups_
    schemas = {f"t{number}": group["schema"] for number, group in enumerate(groups_)}
    assert tasks("output", schemas) == {}
    assert tasks("input", {name: within(schema) for name, schema in schemas.items()}) == {}
