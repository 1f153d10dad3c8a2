"""The shape check accepts what policy.schema.json accepts, and says what is wrong well."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import jsonschema_rs
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from router.policy.nodes import Node, SourceText
from router.policy.shape import check_shape, check_version
from router.policy.yaml_reader import read_yaml
from router.resources import shipped

SCHEMA = json.loads((shipped("schemas") / "policy.schema.json").read_bytes())
FAST = jsonschema_rs.validator_for(SCHEMA)
SLOW = jsonschema.Draft202012Validator(SCHEMA)
SOURCE = SourceText("p.yaml", "")


def node_of(value: Any) -> Node:
    mark = (0, 0, 0, 0)
    if isinstance(value, dict):
        children = {key: node_of(child) for key, child in value.items()}
        return Node(children, SOURCE, mark, None, dict.fromkeys(children, (SOURCE, mark)))
    if isinstance(value, list):
        return Node([node_of(child) for child in value], SOURCE, mark)
    return Node(value, SOURCE, mark, "plain")


# --- agreement with the published schema ---------------------------------------------------------

names = st.sampled_from(["classify", "judge-2", "_base", "x_y"])
inputs = st.sampled_from(["message", "plan", "turns"])
tiers = st.sampled_from(["haiku", "sonnet", "claude-opus-5-5"])
durations = st.sampled_from(["500ms", "30s", "1.5m", "1h", 30, 0.5])
caches = st.sampled_from(["5m", "1h"])
texts = st.sampled_from(["a", "{{ message }}", "two\nlines"])
user_schemas = st.sampled_from(
    [{"type": "object"}, {"file": "s.json"}, {"type": "object", "properties": {"a": {}}}]
)


def maps(required: dict[str, Any] | None = None, **optional: Any) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries(required or {}, optional=optional)


def lists(items: st.SearchStrategy[Any], **bounds: Any) -> st.SearchStrategy[Any]:
    return st.lists(items, max_size=2, **bounds)


sources = st.one_of(maps({"input": inputs}), maps({"file": st.just("a.png")}))
text_blocks = st.one_of(maps({"text": texts}, cache=caches), maps({"file": texts}, cache=caches))
blocks = st.one_of(
    text_blocks,
    maps({"image": sources}, cache=caches),
    maps(
        {"document": st.one_of(sources, maps({"text": texts}))},
        cache=caches,
        title=texts,
        context=texts,
        citations=st.booleans(),
    ),
)
turns = st.one_of(inputs, maps({"input": inputs}, cache=caches))
users = st.one_of(texts, lists(blocks, min_size=1))
prompts = st.one_of(
    maps({"user": users}, system=st.one_of(texts, lists(text_blocks, min_size=1)), messages=turns),
    maps({"messages": turns}),
)
rules = st.one_of(
    maps({"below": st.sampled_from([0, 0.82, 1, "82%", "99.5%"])}, to=tiers, reason=texts),
    maps({"when": texts}, to=tiers),
)
tier_maps = maps(
    {"model": tiers, "max_tokens": st.sampled_from([1, 512, 512.0])},
    name=tiers,
    effort=st.sampled_from(["low", "max"]),
    thinking=st.just("adaptive"),
    timeout=durations,
    service_tier=st.just("auto"),
    speed=st.just("fast"),
    geography=st.just("us"),
    stop_sequences=lists(texts),
    escalate=lists(rules),
)
paths = st.sampled_from(["output.confidence", "output.a.b"])
agreements = maps({"samples": st.integers(2, 9), "of": paths})
signals = st.one_of(
    maps({"field": paths}), maps({"agreement": agreements}), maps({"verifier": names})
)
confidences = st.one_of(
    signals, maps({"all": lists(signals, min_size=1)}, combine=st.sampled_from(["min", "mean"]))
)
tools = maps(
    {"name": names, "description": texts, "input_schema": st.just({"type": "object"})},
    strict=st.booleans(),
    cache=caches,
)
tasks = maps(
    {"prompt": prompts, "tiers": st.lists(tier_maps, min_size=1, max_size=2)},
    description=texts,
    owner=texts,
    tags=st.dictionaries(names, texts, max_size=2),
    input=user_schemas,
    trusted=lists(inputs, unique=True),
    output=user_schemas,
    tools=lists(tools),
    tool_choice=st.sampled_from(["auto", "any", "none", {"tool": "x"}]),
    start=lists(maps({"when": texts, "tier": tiers}, reason=texts)),
    escalate_on=lists(st.sampled_from(["refusal", "truncated"]), unique=True),
    confidence=confidences,
    exhausted=st.sampled_from(["best", "error", {"value": None}, {"value": {"a": 1}}]),
    fallback=lists(tiers, unique=True),
    retry=maps(retries=st.integers(0, 10), base=durations, factor=st.just(2), cap=durations),
    budget=maps(run=maps(usd=st.just(0.05), deadline=durations, attempts=st.integers(1, 100))),
    stream=st.sampled_from(["held", "eager"]),
    strict_model=st.booleans(),
    extends=names,
)
documents = maps(
    {"version": st.just(1)},
    extends=st.just("_base.yaml"),
    models=st.dictionaries(names, tiers, max_size=2),
    tasks=st.dictionaries(names, tasks, max_size=2),
)

junk = st.sampled_from(
    [None, True, False, 0, 1, -1, 2, 1.0, 2.5, 10**30, "", "x", "on", "30", "30s\n", "0s", "output",
     "1h", "a b", "5m\n", [], [1], ["x", "x"], [1, 1.0], [{}], {}, {"x": 1}, {"file": "x"},
     {"input": "message"}, {"value": 1}, {"extends": "x"}]
)  # fmt: skip
keys = st.sampled_from(
    ["x", "Foo", "_x", "extends", "prompt", "tiers", "text", "file", "image", "document", "title",
     "below", "when", "all", "combine", "field", "user", "messages", "version", "value", "tool",
     "run", "month", "temperature", "max_token", "retries", "input", "classify\n"]
)  # fmt: skip


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every container of a document with every key in it."""
    found: list[tuple[Any, Any]] = []
    members = value.items() if isinstance(value, dict) else enumerate(value)
    for key, child in list(members):
        found.append((value, key))
        if isinstance(child, dict | list):
            found += places(child)
    return found


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    """A valid document with up to three things changed in it."""
    document = copy.deepcopy(draw(documents))
    for _ in range(draw(st.integers(0, 3))):
        everywhere = places(document)
        if not everywhere:
            break
        container, key = draw(st.sampled_from(everywhere))
        change = draw(st.sampled_from(["replace", "remove", "add", "repeat"]))
        if change == "replace":
            container[key] = copy.deepcopy(draw(junk))
        elif change == "remove":
            del container[key]
        elif change == "add" and isinstance(container, dict):
            container[draw(keys)] = copy.deepcopy(draw(junk))
        elif isinstance(container, list):
            container.append(copy.deepcopy(container[0]))
    return document


@given(documents)
@settings(max_examples=40, deadline=None)
def test_what_the_format_describes_is_accepted(document: Any) -> None:
    """By the loader and by the schema as editors and CI read it."""
    assert check_shape(node_of(document)) == ()
    assert FAST.is_valid(document)
    assert SLOW.is_valid(document)


@given(mutated())
@settings(max_examples=250, deadline=None)
def test_the_loader_and_the_schema_agree(document: Any) -> None:
    """Valid for one is valid for the other, whatever was done to a document."""
    assert (check_shape(node_of(document)) == ()) == FAST.is_valid(document)


@given(mutated())
@settings(max_examples=50, deadline=None)
def test_the_two_validators_agree(document: Any) -> None:
    """The schema means the same to both JSON Schema libraries that we use."""
    if "\\n" not in json.dumps(document).replace("two\\nlines", ""):
        # Python's `$` also matches before a last newline; the schema's, by ECMA 262, does not
        assert FAST.is_valid(document) == SLOW.is_valid(document)


@given(junk)
@settings(max_examples=40, deadline=None)
def test_anything_can_stand_in_the_place_of_a_policy(value: Any) -> None:
    assert (check_shape(node_of(value)) == ()) == FAST.is_valid(value)


# --- what is said --------------------------------------------------------------------------------

GOOD = """\
version: 1
models:
  haiku: claude-haiku-5-5
tasks:
  classify:
    prompt:
      system: [{text: hello, cache: 1h}]
      user: "{{ message }}"
    tiers:
      - model: haiku
        max_tokens: 512
        escalate: [{below: 0.8}]
    retry: {retries: 5, base: 1s}
    budget:
      run: {usd: 0.05, deadline: 30s}
"""

MISTAKES = yaml.safe_load((Path(__file__).parent / "mistakes.yaml").read_text())


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake["write"].strip())
def test_one_mistake_is_one_finding_in_plain_words(mistake: dict[str, str]) -> None:
    """At its place, with its line, with a way out, and with nothing that only follows from it."""
    assert mistake["for"] in GOOD
    text = GOOD.replace(mistake["for"], mistake["write"], 1)
    reading = read_yaml(text.encode(), "p.yaml")
    assert reading.node is not None
    found = check_shape(reading.node)
    said = [f"{f.span.line}:{f.span.column} {f.rule} {f.message}" for f in found]
    assert said == [mistake["said"]]
    assert found[0].help == mistake.get("help")
    assert found[0].source_line


def test_mistakes_in_many_places_are_all_found() -> None:
    text = GOOD.replace("models:", "modles:").replace("1h", "2h").replace("512", "x")
    reading = read_yaml(text.replace("30s", "soon").encode(), "p.yaml")
    assert reading.node is not None
    assert [f.rule for f in check_shape(reading.node)] == [
        "unknown-key",
        "bad-value",
        "wrong-type",
        "bad-value",
    ]


def test_what_the_reader_refused_is_not_refused_again() -> None:
    """A template without quotes is one mistake, and so is a merge key in place of keys."""
    for old, new, rule in (
        ('"{{ message }}"', "{{ message }}", "non-string-key"),
        ("        max_tokens: 512\n", "        <<: {max_tokens: 512}\n", "merge-key"),
        ("max_tokens: 512", "max_tokens: .inf", "bad-value"),
    ):
        reading = read_yaml(GOOD.replace(old, new).encode(), "p.yaml")
        assert [f.rule for f in reading.findings] == [rule]
        assert reading.node is not None
        later = check_shape(reading.node)
        assert [f for f in later if f.span != reading.findings[0].span] == []


def test_a_whole_number_written_as_a_float_becomes_an_int() -> None:
    """JSON Schema takes 512.0 for an integer; what compiles the policy gets one."""
    reading = read_yaml(GOOD.replace("512", "512.0").encode(), "p.yaml")
    assert reading.node is not None
    assert check_shape(reading.node) == ()
    found = reading.node.at("tasks", "classify", "tiers", 0, "max_tokens")
    assert found is not None
    assert type(found.value) is int


def test_a_flood_of_mistakes_comes_to_an_end() -> None:
    """A hundred findings are enough; comparing a hundred thousand names is not worth the time."""
    document = {"version": 1} | {f"key_{i}": 1 for i in range(50_000)}
    assert len(check_shape(node_of(document))) == 100


def test_a_file_of_another_version_is_only_told_that() -> None:
    (finding,) = check_version(node_of({"version": 2, "anything": "else"}))
    assert finding.rule == "unknown-version"
    assert finding.help == "this program reads version 1 of the format"
    assert check_version(node_of({"version": 1})) == ()
    assert check_version(node_of([])) == ()


def test_parents_need_not_be_whole() -> None:
    """A parent file may hold parts of tasks; what it does hold must be right."""
    part = {"version": 1, "tasks": {"classify": {"owner": "us", "retry": {"base": None}}}}
    assert check_shape(node_of(part), partial=True) == ()
    assert check_shape(node_of(part)) != ()
    assert check_shape(node_of({"tasks": {"a": {"ownr": "us"}}, "version": 1}), partial=True) != ()
