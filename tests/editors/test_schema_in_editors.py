"""The policy schema in the YAML language server: what an author sees while writing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from router.catalog import load_catalog
from router.cli.init import write_project
from router.emulator.faults import FAULTS
from router.resources import shipped

ROOT = Path(__file__).resolve().parent.parent.parent
POLICIES = sorted([*ROOT.glob("policies/*.yaml"), *ROOT.glob("examples/*/policies/*.yaml")])
HEAD = "# yaml-language-server: $schema=policy.schema.json\nversion: 1\n"
TASK = "tasks:\n  a:\n    prompt: {user: hello}\n"
TIER = f"{TASK}    tiers:\n      - model: claude-haiku-5-5\n        max_tokens: 9\n"


class Desk:
    """A folder with the schema, and files that only ever exist in the editor."""

    def __init__(self, server: Any, folder: Path) -> None:
        self.server = server
        self.folder = folder
        self._files = 0
        for schema in shipped("schemas").glob("*.schema.json"):
            (folder / schema.name).write_bytes(schema.read_bytes())

    def write(self, text: str) -> tuple[str, int, int]:
        """Opens a file; the cursor is where the text has `^`, which is taken out."""
        head = HEAD.replace("policy.", "policytest.") if text.startswith("cases:") else HEAD
        before, cursor, after = (head + text).partition("^")
        assert cursor
        self._files += 1
        uri = self.server.open(self.folder / f"{self._files}.yaml", before + after)
        return uri, before.count("\n"), len(before) - before.rfind("\n") - 1

    def complete(self, text: str) -> dict[str, dict[str, Any]]:
        found = self.server.at("textDocument/completion", *self.write(text))
        return {item["label"]: item for item in found["items"]}

    def hover(self, text: str) -> str:
        found = self.server.at("textDocument/hover", *self.write(text))
        return str(found["contents"]["value"])

    def complaints(self, text: str) -> list[tuple[int, int, str]]:
        uri, *_ = self.write(f"{text}^")
        return [
            (one["range"]["start"]["line"], one["range"]["start"]["character"], one["message"])
            for one in self.server.diagnostics(uri)
        ]


@pytest.fixture(scope="module")
def desk(yaml_server: Any, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    folder = tmp_path_factory.mktemp("desk")
    yaml_server.begin(folder)
    return Desk(yaml_server, folder)


@pytest.mark.parametrize("path", POLICIES, ids=lambda path: str(path.relative_to(ROOT)))
def test_our_own_policies_are_clean(path: Path, desk: Desk) -> None:
    """The modeline of every policy that we ship leads to the schema, which it satisfies."""
    hover = desk.server.at("textDocument/hover", desk.server.open(path), 0, 2)
    assert hover is None
    assert desk.server.diagnostics(path.as_uri()) == []
    version = path.read_text("utf-8").splitlines().index("version: 1")
    hover = desk.server.at("textDocument/hover", path.as_uri(), version, 2)
    assert "The version of this format" in hover["contents"]["value"]


def test_a_whole_policy_is_clean(desk: Desk) -> None:
    assert desk.complaints(TIER) == []


def test_a_mistyped_key_is_flagged_where_it_stands(desk: Desk) -> None:
    complaints = desk.complaints(f"{TIER}        efort: low\n")
    assert complaints == [(8, 8, "Property efort is not allowed.")]


def test_a_wrong_value_is_flagged_where_it_stands(desk: Desk) -> None:
    ((line, column, message),) = desk.complaints(f"{TIER}        effort: hihg\n")
    assert (line, column) == (8, 16)
    assert '"high"' in message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tas^ks: {}\n", "Tasks by name"),
        ("tasks:\n  a:\n    extends: b\n    ow^ner: x\n", "The team or person to ask"),
        (f"{TIER}        tim^eout: 5s\n", "Total time for one attempt"),
        (f"{TIER}        escalate: [{{be^low: 0.5}}]\n", "Escalate if the confidence is lower"),
        (f"{TIER}        escalate: [{{wh^en: 'true'}}]\n", "A Jinja expression over the inputs"),
        (f"{TIER}        effort: ma^x\n", "`max`: No restraint"),
        (f"{TIER}    retry: {{ba^se: 1s}}\n", "The longest wait before the first retry"),
        (f"{TIER}    confidence: {{fi^eld: output.sure}}\n", "in which the model states its"),
    ],
)
def test_a_key_explains_itself(text: str, said: str, desk: Desk) -> None:
    """The description of the very key, not that of the kind of value it takes."""
    hover = desk.hover(text)
    assert said in hover
    assert "A duration:" not in hover


def test_keys_are_offered_and_those_that_are_there_are_not(desk: Desk) -> None:
    offered = desk.complete(f"{TIER}        ^\n")
    assert {"effort", "thinking", "timeout", "escalate"} <= offered.keys()
    assert not {"model", "max_tokens", "tiers"} & offered.keys()
    assert offered["effort"]["documentation"].startswith("How much the model puts into")
    assert all(":" in item["insertText"] for item in offered.values())


def test_a_ladder_begins_with_what_each_tier_needs(desk: Desk) -> None:
    tiers = desk.complete(f"{TASK}    ^\n")["tiers"]
    assert "model:" in tiers["insertText"]
    assert "max_tokens:" in tiers["insertText"]


@pytest.mark.parametrize(
    ("text", "choices"),
    [
        (f"{TIER}        effort: ^\n", "low medium high xhigh max"),
        (f"{TIER}        thinking: ^\n", "adaptive disabled between_tools"),
        (f"{TIER}    escalate_on: [^]\n", "invalid_output refusal truncated unknown_stop"),
        (f"{TIER}    stream: ^\n", "held eager null"),
        (f"{TIER}    exhausted: ^\n", "best error value null"),
        (f"{TIER}    tool_choice: ^\n", "auto any none tool null"),
        (f"{TASK}      system: [{{text: x, cache: ^}}]\n".replace("{user: hello}", ""), "5m 1h"),
    ],
)
def test_the_values_of_a_choice_are_offered_with_their_meaning(
    text: str, choices: str, desk: Desk
) -> None:
    """All of them and nothing else; null where a parent's setting can be removed."""
    offered = desk.complete(text)
    assert offered.keys() == set(choices.split())
    meant = [item.get("documentation") for name, item in offered.items() if name != "null"]
    assert all(meant)
    assert len(set(meant)) == len(meant)


@pytest.mark.parametrize(
    "text",
    [
        "models:\n  small: ^\n",
        TIER.replace("claude-haiku-5-5", "^"),
    ],
    ids=["models", "tier"],
)
def test_the_pins_of_the_catalog_are_offered_with_what_they_cost(text: str, desk: Desk) -> None:
    offered = desk.complete(text)
    offered.pop("null", None)
    assert {"claude-haiku-5-5", "claude-sonnet-5-5", "claude-opus-5-5"} <= offered.keys()
    assert offered.keys() <= load_catalog().models.keys()
    assert all("per million tokens" in item["documentation"] for item in offered.values())


@pytest.mark.parametrize("name", ["local:smollm2", "claude-opus-4-5", "my-gateway/anything"])
def test_other_names_of_models_are_no_mistake_of_shape(name: str, desk: Desk) -> None:
    """Which names can be called is for the catalog and the endpoint to say, not for the shape."""
    assert desk.complaints(TIER.replace("claude-haiku-5-5", f'"{name}"')) == []


CASE = "cases:\n  - name: a\n    task: classify\n"


def test_a_case_is_written_with_the_same_help(desk: Desk) -> None:
    """Files of policy tests have a schema of their own."""
    assert desk.complaints(f"{CASE}    expect: {{path: [haiku]}}\n") == []
    complaints = desk.complaints(f"{CASE}    expect: {{pth: [haiku]}}\n")
    assert complaints == [(5, 13, "Property pth is not allowed.")]
    assert {"path", "attempts", "output", "usd"} <= desk.complete(
        f"{CASE}    expect:\n      ^\n"
    ).keys()
    assert "must come of the run" in desk.hover(f"{CASE}    exp^ect: {{path: [haiku]}}\n")
    kinds = desk.complete(f"{CASE}    expect:\n      left:\n        - kind: ^\n")
    assert kinds["fallback"]["documentation"] == "There was no answer."


def test_every_fault_of_the_emulator_is_offered_as_a_reply(desk: Desk) -> None:
    offered = desk.complete(
        f"{CASE}    expect: {{path: [haiku]}}\n    replies:\n      haiku:\n        ^\n"
    )
    assert {f"error: {name}" for name in FAULTS} == {
        name for name in offered if name.startswith("error: ")
    }
    assert offered["stop: refusal"]["insertText"] == "stop: refusal"


def test_what_init_writes_is_understood_where_it_lies(desk: Desk, tmp_path: Path) -> None:
    """The schema is beside the policies, and their modelines lead there."""
    write_project(tmp_path / "mine")
    for path in sorted(tmp_path.glob("mine/**/*.yaml")):
        uri = desk.server.open(path)
        line = path.read_text("utf-8").splitlines().index("version: 1")
        hover = desk.server.at("textDocument/hover", uri, line, 2)
        assert (tmp_path / "mine" / "schemas").as_uri() in hover["contents"]["value"]
        assert desk.server.diagnostics(uri) == []
