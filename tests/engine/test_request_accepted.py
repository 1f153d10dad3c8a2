"""What we build is what the API takes: every body passes the emulator's own refusals."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.catalog import load_catalog
from router.compiler.model import Block, Conversation, Tier
from router.emulator import Emulator, ManualClock
from router.engine.inputs import prepare_inputs
from router.engine.request import betas, build_body, render_prompt
from router.errors import InputInvalid

CATALOG = load_catalog()
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp()
OUTPUT = {
    "type": "object",
    "required": ["label"],
    "additionalProperties": False,
    "properties": {"label": {"enum": ["a", "b"]}},
}
TOOL = {
    "name": "look",
    "description": "Look something up.",
    "input_schema": {"type": "object", "properties": {"q": {"type": "string"}}},
    "cache_control": {"type": "ephemeral", "ttl": "1h"},
}


def send(task, tier: Tier, inputs: dict[str, Any]) -> tuple[int, dict[str, Any], int]:
    """Status and answer of the emulator, and the bound of the body."""
    model = CATALOG.get(tier.model)
    body = build_body(task, tier, render_prompt(task, prepare_inputs(task, inputs)), model=model)
    header = {"anthropic-version": "2026-10-21", "anthropic-beta": ",".join(betas(tier, model))}
    emulator = Emulator(clock=ManualClock(NOW))
    reply = emulator.handle("POST", "/v1/messages", header, msgspec.json.encode(body))
    return reply.status, json.loads(reply.read()), body.bound


@pytest.fixture(scope="session")
def task(kit):
    return kit.task(
        input={"type": "object"},
        prompt=kit.prompt(
            ["{{ hint }}", Block("document", input="paper", title="T"), "{{ message }}"],
            system=["role", kit.block("taxonomy " * 900, cache="1h"), kit.block(" ", cache="5m")],
            messages=Conversation("history", cache="5m"),
        ),
        tools=(TOOL,),
        output=OUTPUT,
    )


TURNS = [
    {"role": "user", "content": "q"},
    {
        "role": "assistant",
        "content": [
            {"type": "thinking", "thinking": "hm", "signature": "s"},
            {"type": "tool_use", "id": "t1", "name": "look", "input": {"q": "x"}},
        ],
    },
    {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "42"}]},
]


@given(
    message=st.text(max_size=40),
    hint=st.text(max_size=5),
    paper=st.none() | st.text(max_size=40),
    history=st.sampled_from([None, [], TURNS, TURNS[:1]]),
)
@settings(max_examples=100, deadline=None)
def test_any_inputs_are_refused_by_us_or_accepted_by_the_api(task, message, hint, paper, history):
    inputs = {"message": message, "hint": hint, "paper": paper, "history": history}
    try:
        status, answer, bound = send(task, task.tiers[0], inputs)
    except InputInvalid:
        return
    assert status == 200, answer
    usage = answer["usage"]
    prompt = usage["input_tokens"] + usage["cache_creation_input_tokens"]
    assert prompt + usage["cache_read_input_tokens"] <= bound


def tiers() -> list[Tier]:
    """Every model with every effort and kind of thinking that the catalog says it takes."""
    found = []
    for name, model in CATALOG.models.items():
        able = model.capabilities
        if able is None or model.lifecycle.status == "retired":
            continue
        found.append(Tier("plain", name, 1024))
        found.extend(Tier("effort", name, 1024, effort=effort) for effort in able.effort)
        found.extend(
            Tier("thinking", name, 1024, thinking=kind)  # type: ignore[arg-type]
            for kind in able.thinking
            if kind != "enabled"
        )
    found.append(Tier("fast", "claude-opus-5-5", 1024, speed="fast", geography="us"))
    found.append(Tier("fast", "claude-opus-5", 1024, speed="fast", service_tier="standard_only"))
    return found


@pytest.mark.parametrize("tier", tiers(), ids=lambda tier: f"{tier.model}-{tier.name}")
def test_every_parameter_is_spelt_as_each_model_takes_it(task, tier):
    status, answer, _ = send(task, tier, {"message": "hello", "hint": ""})
    assert status == 200, answer
