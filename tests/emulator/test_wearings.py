"""One core, worn three ways: what a client sees is the same through each of them.

The clients are the real SDK's, over an httpx2 transport and over a loopback port, and the
router's own transport beside them.
"""

import asyncio
import json
from contextlib import contextmanager

import anthropic
import httpx2
import pytest

from router.claude.transport import WireRequest
from router.emulator import (
    Emulator,
    EmulatorTransport,
    ManualClock,
    call_tool,
    fault,
    refuse,
    reply,
)
from router.emulator.sdk import async_emulator_transport, emulator_transport
from router.emulator.server import serve

HAIKU = "claude-haiku-5-5"
SCHEMA = {
    "type": "object",
    "properties": {"label": {"enum": ["a", "b"]}, "why": {"type": "string"}},
    "required": ["label", "why"],
    "additionalProperties": False,
}
TOOL = {"name": "look", "description": "Looks.", "input_schema": SCHEMA}
SYSTEM = [{"type": "text", "text": "Be kind. " * 300, "cache_control": {"type": "ephemeral"}}]


def body(**changes):
    return {
        "model": HAIKU,
        "max_tokens": 300,
        "messages": [{"role": "user", "content": "Where is my card?"}],
        **changes,
    }


REQUESTS = {
    "text": (None, body()),
    "cached": (None, body(system=SYSTEM)),
    "structured": (
        None,
        body(output_config={"format": {"type": "json_schema", "schema": SCHEMA}, "effort": "low"}),
    ),
    "forced tool": (None, body(tools=[TOOL], tool_choice={"type": "any"})),
    "scripted tool": (call_tool("look", {"label": "a", "why": "ü" * 60}), body(tools=[TOOL])),
    "thinking": (reply("Yes.", thinking="Let me see …"), body()),
    "refusal": (refuse("cyber", "No."), body()),
    "truncated": (reply("long " * 2000), body()),
}


@contextmanager
def worn(how, item):
    """A blocking SDK client onto a fresh emulator."""
    emulator = Emulator(clock=ManualClock())
    if item is not None:
        emulator.script.reply(item)
    if how == "httpx2":
        http = httpx2.Client(transport=emulator_transport(emulator))
        with anthropic.Anthropic(api_key="none", max_retries=0, http_client=http) as client:
            yield client, emulator
    else:
        with (
            serve(emulator) as server,
            anthropic.Anthropic(api_key="none", max_retries=0, base_url=server.url) as client,
        ):
            yield client, emulator


def through_our_transport(item, request):
    emulator = Emulator(clock=ManualClock())
    if item is not None:
        emulator.script.reply(item)
    got = EmulatorTransport(emulator).send(WireRequest(request, timeout=30.0))
    return json.loads(got.body)


def comparable(message):
    """A message without its ids, which count the requests of its emulator."""
    kept = {k: v for k, v in message.items() if k != "id"}
    kept["content"] = [
        {k: v for k, v in block.items() if k not in ("id", "signature", "parsed_output")}
        for block in kept["content"]
    ]
    return kept


@pytest.mark.parametrize("how", ["httpx2", "loopback"])
@pytest.mark.parametrize("name", REQUESTS)
def test_the_sdk_gets_what_our_transport_gets_whole_and_streamed(how, name):
    item, request = REQUESTS[name]
    ours = comparable(through_our_transport(item, request))
    with worn(how, item) as (client, _):
        whole = client.messages.create(**request)
        assert comparable(whole.to_dict()) == ours
        assert whole._request_id.startswith("req_emulated_")
    with worn(how, item) as (client, _), client.messages.stream(**request) as stream:
        streamed = comparable(stream.get_final_message().to_dict())
    assert streamed == ours


@pytest.mark.parametrize("how", ["httpx2", "loopback"])
def test_the_awaiting_sdk_gets_the_same(how):
    async def asked(client):
        whole = await client.messages.create(**body(system=SYSTEM))
        async with client.messages.stream(**body(system=SYSTEM)) as stream:
            streamed = await stream.get_final_message()
        counted = await client.messages.count_tokens(
            model=HAIKU, messages=body()["messages"], system=SYSTEM
        )
        return whole, streamed, counted

    async def go():
        emulator = Emulator(clock=ManualClock())
        if how == "httpx2":
            http = httpx2.AsyncClient(transport=async_emulator_transport(emulator))
            async with anthropic.AsyncAnthropic(api_key="none", http_client=http) as client:
                return await asked(client)
        with serve(emulator) as server:
            async with anthropic.AsyncAnthropic(api_key="none", base_url=server.url) as client:
                return await asked(client)

    whole, streamed, counted = asyncio.run(go())
    assert comparable(whole.to_dict()) == comparable(
        through_our_transport(None, body(system=SYSTEM))
    )
    assert whole.content[0].text == streamed.content[0].text
    assert whole.usage.cache_creation_input_tokens == streamed.usage.cache_read_input_tokens > 0
    total = streamed.usage.input_tokens + streamed.usage.cache_read_input_tokens
    assert counted.input_tokens == total


STATUS = {
    "rate_limited": anthropic.RateLimitError,
    "spend_limit": anthropic.RateLimitError,
    "overloaded": anthropic.InternalServerError,
    "server_error": anthropic.InternalServerError,
    "bad_gateway": anthropic.InternalServerError,
    "auth": anthropic.AuthenticationError,
    "permission": anthropic.PermissionDeniedError,
    "not_found": anthropic.NotFoundError,
    "conflict": anthropic.ConflictError,
    "invalid_request": anthropic.BadRequestError,
    "reset": anthropic.APIConnectionError,
    "timeout": anthropic.APITimeoutError,
    "truncated_body": (anthropic.APIConnectionError, httpx2.RemoteProtocolError),
    "stalled": (anthropic.APITimeoutError, httpx2.ReadTimeout),
}


@pytest.mark.parametrize("how", ["httpx2", "loopback"])
@pytest.mark.parametrize("name", STATUS)
def test_the_sdk_raises_for_a_fault_what_it_raises_for_the_real_one(how, name):
    with worn(how, fault(name)) as (client, emulator):
        quick = client.with_options(timeout=0.3)
        with pytest.raises(STATUS[name]):
            quick.messages.create(**body())
        with pytest.raises(STATUS[name]), quick.messages.stream(**body()) as stream:
            stream.get_final_message()
        assert emulator.calls == 2


@pytest.mark.parametrize("how", ["httpx2", "loopback"])
def test_an_error_event_inside_a_200_is_what_the_sdk_makes_of_it(how):
    broken = fault("stream_error", after_events=4, answer="some text to begin with")
    with worn(how, broken) as (client, _):
        with (
            pytest.raises(anthropic.APIStatusError) as caught,
            client.messages.stream(**body()) as stream,
        ):
            stream.get_final_message()
        assert (caught.value.status_code, caught.value.type) == (200, "overloaded_error")


@pytest.mark.parametrize("how", ["httpx2", "loopback"])
def test_the_sdk_retries_by_the_headers_it_gets(how):
    with worn(how, None) as (client, emulator):
        soon = {"retry-after-ms": "1"}
        emulator.script.reply(
            fault("rate_limited", retry_after=0.01), fault("overloaded", headers=soon), "done"
        )
        message = client.with_options(max_retries=2).messages.create(**body())
        assert (message.content[0].text, emulator.calls) == ("done", 3)


@pytest.mark.parametrize("how", ["httpx2", "loopback"])
def test_models_are_listed_page_by_page_and_by_alias(how):
    with worn(how, None) as (client, _):
        models = list(client.models.list(limit=4))
        ids = [m.id for m in models]
        assert len(ids) == len(set(ids)) > 12
        assert {m.lifecycle for m in models} == {"active", "deprecated"}
        assert models[0].created_at >= models[-1].created_at
        retired = list(client.models.list(lifecycle=["retired"], limit=100))
        assert {m.lifecycle for m in retired} == {"retired"}
        assert client.models.retrieve("claude-haiku-4-5").id == "claude-haiku-4-5-20251001"
        info = client.models.retrieve(HAIKU)
        assert (info.line, info.max_tokens) == ("haiku", 128_000)
        assert info.capabilities.effort.xhigh.supported
        assert not info.capabilities.thinking.types.enabled.supported
        with pytest.raises(anthropic.NotFoundError):
            client.models.retrieve("claude-nobody")


@pytest.mark.parametrize("how", ["httpx2", "loopback"])
def test_answers_carry_the_headers_of_the_api(how):
    with worn(how, None) as (client, _):
        raw = client.messages.with_raw_response.create(**body())
        headers = raw.headers
        assert headers["anthropic-ratelimit-requests-limit"] == "1000"
        assert headers["anthropic-ratelimit-requests-remaining"] == "999"
        assert headers["anthropic-ratelimit-input-tokens-reset"].endswith("Z")
        assert headers["anthropic-organization-id"]
        assert raw.request_id == headers["request-id"]
        assert headers["date"].endswith("GMT")
