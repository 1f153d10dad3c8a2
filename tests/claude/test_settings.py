"""Settings, platforms and clients: lazily built, clear about what is missing, safe to share."""

from __future__ import annotations

import asyncio
import gc
import json
import multiprocessing
import os
import pickle
import socket
import subprocess
import sys
import threading
import time
import traceback
from importlib.util import find_spec

import httpx2
import msgspec
import pytest

from router.claude.call import Relay, aperform, perform, wire_request
from router.claude.settings import (
    PLATFORMS,
    ClientSettings,
    async_transport,
    list_models,
    transport,
)
from router.claude.transport import TransportFault
from router.engine.effects import Fault, FaultKind, Reply
from router.errors import RouterError, SettingsError


def test_importing_the_settings_imports_no_sdk():
    """The SDK, aiohttp and httpx2 are imported at the first call and not before."""
    code = (
        "import sys, router.claude.call, router.claude.settings as s;"
        "s.transport(s.ClientSettings()); s.async_transport(s.ClientSettings());"
        "print([m for m in ('anthropic', 'httpx2', 'aiohttp', 'pydantic') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "url",
    [
        "notaurl",
        "127.0.0.1:9",
        "ftp://host",
        "http://",
        "http://h:port",
        "http://[::1",
        "http://a b",
    ],
)
def test_a_base_url_that_is_none_is_refused_at_once(url):
    """The variable or the argument is named, its value never shown."""
    with pytest.raises(SettingsError, match=r"^ROUTER_BASE_URL is no URL") as caught:
        ClientSettings.from_environment({"ROUTER_BASE_URL": url})
    assert url not in str(caught.value).replace("http://HOST", "")
    with pytest.raises(SettingsError, match=r"^base_url is no URL"):
        ClientSettings(base_url=url)


@pytest.mark.parametrize("url", ["http://h", "https://user:pw@h:8443/v1?x=1", "http://[::1]:9"])
def test_a_base_url_may_have_all_that_urls_have(url):
    assert ClientSettings(base_url=url).base_url == url


@pytest.mark.parametrize("awaited", [False, True])
def test_an_endpoint_out_of_reach_is_named_by_host_and_port(awaited, kit):
    """Neither the password nor the query of the base URL is shown."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    login = "" if awaited else "user:hush-hush@"  # aiohttp takes no login beside a token
    url = f"http://{login}127.0.0.1:{port}/v1?token=hush-hush"
    settings = ClientSettings(base_url=url)

    async def ask():
        opened = async_transport(settings)
        try:
            return await aperform(opened, kit.request(), time.monotonic)
        finally:
            await opened.close()

    if awaited:
        fault = asyncio.run(ask())
    else:
        opened = transport(settings)
        fault = perform(opened, kit.request(), time.monotonic)
        opened.close()
    assert fault.kind is FaultKind.CONNECTION
    assert fault.message.startswith(f"cannot reach 127.0.0.1:{port}: ")
    assert "hush" not in fault.message


@pytest.mark.parametrize("name", ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"])
@pytest.mark.parametrize("bad", ["\n", "\r\n", " ", "\t", "é"])
@pytest.mark.parametrize("awaited", [False, True])
def test_a_key_that_no_header_can_carry_is_refused_before_sending(
    name, bad, awaited, server, kit, monkeypatch
):
    """The variable is named and no part of its value shown."""
    monkeypatch.setenv(name, "quite-secret" + bad)
    settings = ClientSettings(base_url=server.url)

    def ask():
        if awaited:
            return asyncio.run(aperform(async_transport(settings), kit.request(), time.monotonic))
        return perform(transport(settings), kit.request(), time.monotonic)

    with pytest.raises(SettingsError, match=f"^{name} contains a line break") as caught:
        ask()
    assert "quite" not in "".join(traceback.format_exception(caught.value))
    assert not server.requests


def test_settings_come_from_the_environment():
    """Each variable has its place; what cannot be used is named."""
    env = {
        "ROUTER_PLATFORM": "Bedrock",
        "ROUTER_BASE_URL": "http://x",
        "ROUTER_BEDROCK_PROFILE": "us",
        "ROUTER_TELEMETRY": "1",
    }
    settings = ClientSettings.from_environment(env)
    assert settings == ClientSettings("bedrock", "http://x", "us", telemetry=True)
    assert ClientSettings.from_environment({}) == ClientSettings()
    assert ClientSettings.from_environment(env, platform="aws").platform == "aws"
    for name, value in (("ROUTER_PLATFORM", "azure"), ("ROUTER_TELEMETRY", "maybe")):
        with pytest.raises(SettingsError, match=name):
            ClientSettings.from_environment({name: value})
    with pytest.raises(SettingsError):
        ClientSettings(client=object(), base_url="http://x")


def test_a_missing_key_is_named_at_the_first_call(monkeypatch, tmp_path, kit):
    """Without a key nothing fails until a call is made, which names the variable to set."""
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    monkeypatch.setenv("HOME", str(tmp_path))
    opened = transport(ClientSettings(base_url="http://127.0.0.1:9"))
    with pytest.raises(SettingsError, match="ANTHROPIC_API_KEY"):
        perform(opened, kit.request(), time.monotonic)

    async def main():
        waiting = async_transport(ClientSettings(base_url="http://127.0.0.1:9"))
        await aperform(waiting, kit.request(), time.monotonic)

    with pytest.raises(SettingsError, match="ANTHROPIC_API_KEY"):
        asyncio.run(main())


PLATFORM_ENV = {
    "api": {},
    "aws": {"ANTHROPIC_AWS_API_KEY": "k" * 20, "ANTHROPIC_AWS_WORKSPACE_ID": "w"},
    "bedrock": {"AWS_BEARER_TOKEN_BEDROCK": "k" * 20},
    "bedrock_mantle": {"AWS_BEARER_TOKEN_BEDROCK": "k" * 20},
    "google_cloud": {},
    "vertex": {"CLOUD_ML_REGION": "global", "ANTHROPIC_VERTEX_PROJECT_ID": "p"},
    "foundry": {"ANTHROPIC_FOUNDRY_API_KEY": "k" * 20},
}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_platform_sends_its_own_way(platform, server, kit, monkeypatch):
    """The right client is built and sends to its own path with the platform's model name, or
    says which package or variable is missing."""
    for name, value in {"AWS_REGION": "us-east-1", **PLATFORM_ENV[platform]}.items():
        monkeypatch.setenv(name, value)
    server.play([kit.http(kit.message())])
    opened = transport(ClientSettings(platform, base_url=server.url))
    if platform in ("google_cloud", "vertex") and find_spec("google") is None:
        with pytest.raises(SettingsError, match=r"policy-router\[google-cloud\]"):
            perform(opened, kit.request(), time.monotonic)
        return
    reply = perform(opened, kit.request(), time.monotonic)
    opened.close()
    assert isinstance(reply, Reply), reply
    assert reply.model == "claude-haiku-5-5"
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    if platform == "bedrock":
        assert head.startswith(b"POST /model/anthropic.claude-haiku-5-5")
        assert "model" not in json.loads(body)
    else:
        assert head.startswith(b"POST /v1/messages")


@pytest.mark.parametrize(
    ("platform", "named"), [("aws", "AWS_REGION"), ("foundry", "ANTHROPIC_FOUNDRY_API_KEY")]
)
def test_what_a_platform_misses_is_named(platform, named, monkeypatch, kit):
    """A missing region or key is a SettingsError that names its variable."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "ANTHROPIC_FOUNDRY_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SettingsError, match=named):
        perform(transport(ClientSettings(platform)), kit.request(), time.monotonic)


def test_the_betas_of_a_request_go_along_as_one_header(kit):
    """Which ones a tier needs is the engine's to say; without any there is no header."""
    asked = msgspec.structs.replace(kit.request(), betas=("fast-mode-2026-02-01", "other-1"))
    sent = wire_request(object(), asked, stream=False)
    assert sent.headers == {"anthropic-beta": "fast-mode-2026-02-01,other-1"}
    assert wire_request(object(), kit.request(speed="fast"), stream=False).headers is None


def answering(reply, seen):
    def handle(request):
        seen.append(request)
        return reply if not isinstance(reply, Exception) else (_ for _ in ()).throw(reply)

    return handle


def test_an_http_client_of_the_callers_is_used_and_left_open(kit):
    """A custom http_client carries the calls; closing the transport does not close it."""
    seen = []
    reply = httpx2.Response(200, content=kit.message())
    mine = httpx2.Client(transport=httpx2.MockTransport(answering(reply, seen)))
    opened = transport(ClientSettings(http_client=mine))
    assert isinstance(perform(opened, kit.request(), time.monotonic), Reply)
    opened.close()
    assert not mine.is_closed
    assert seen[0].url.path == "/v1/messages"
    mine.close()


@pytest.mark.parametrize(
    ("raised", "kind", "billed"),
    [
        (httpx2.ConnectError("no"), FaultKind.CONNECTION, False),
        (httpx2.ConnectTimeout("no"), FaultKind.CONNECTION, False),
        (httpx2.ReadTimeout("no"), FaultKind.TIMEOUT, True),
        (httpx2.PoolTimeout("no"), FaultKind.TIMEOUT, False),
        (httpx2.ReadError("no"), FaultKind.RESET, True),
        (httpx2.RemoteProtocolError("bad"), FaultKind.BAD_RESPONSE, True),
        (httpx2.DecodingError("bad"), FaultKind.BAD_RESPONSE, True),
        (KeyError("surprise"), FaultKind.RESET, True),
    ],
)
def test_whatever_a_client_raises_is_typed(raised, kind, billed, kit):
    """Each exception of a foreign client becomes a fault; none of it rides along."""
    mine = httpx2.Client(transport=httpx2.MockTransport(answering(raised, [])))
    fault = perform(transport(ClientSettings(http_client=mine)), kit.request(), time.monotonic)
    assert isinstance(fault, Fault)
    assert fault.kind is kind
    assert fault.maybe_billed is billed
    mine.close()


def test_error_answers_of_a_foreign_client_are_classed(kit):
    """Error statuses, redirects and middleware work with a ready SDK client too."""
    import anthropic

    seen = []
    error = httpx2.Response(529, content=kit.api_error("overloaded_error"))
    mine = httpx2.Client(transport=httpx2.MockTransport(answering(error, seen)))
    client = anthropic.Anthropic(http_client=mine, max_retries=4)
    opened = transport(ClientSettings(client=client))
    assert perform(opened, kit.request(), time.monotonic).kind is FaultKind.OVERLOADED
    assert len(seen) == 1

    calls = []

    def watch(request, call_next):
        calls.append(request.json["model"])
        return call_next(request)

    good = httpx2.Response(200, content=kit.message())
    other = httpx2.Client(transport=httpx2.MockTransport(answering(good, seen)))
    watched = anthropic.Anthropic(http_client=other, middleware=[watch])
    opened = transport(ClientSettings(client=watched))
    assert perform(opened, kit.request(), time.monotonic).text == "hello"
    assert calls == ["claude-haiku-5-5"]
    mine.close()
    other.close()


def test_a_ready_sdk_client_is_bounded_and_left_as_it_is(server, kit):
    """The SDK's own HTTP client is replaced for our calls, so that dripping ends in time."""
    import anthropic

    client = anthropic.Anthropic(base_url=server.url)
    opened = transport(ClientSettings(client=client))
    opened.prepare()
    answer = kit.http(kit.message())
    server.play([answer], [step for byte in answer for step in (bytes([byte]), 0.05)])
    assert isinstance(perform(opened, kit.request(), time.monotonic), Reply)
    fault = perform(opened, kit.request(0.3), time.monotonic)
    assert fault.kind is FaultKind.TIMEOUT
    opened.close()
    assert not client.is_closed()
    client.close()


def test_the_wrong_kind_of_client_is_refused(kit):
    """A blocking client in an awaiting transport, and the other way round, is said so."""
    import anthropic

    with pytest.raises(SettingsError, match="blocking"):
        perform(
            transport(ClientSettings(client=anthropic.AsyncAnthropic())),
            kit.request(),
            time.monotonic,
        )
    blocking = anthropic.Anthropic()

    async def main():
        await aperform(
            async_transport(ClientSettings(client=blocking)), kit.request(), time.monotonic
        )

    with pytest.raises(SettingsError, match="awaiting"):
        asyncio.run(main())
    blocking.close()


def test_threads_share_one_transport(server, kit):
    """Calls from many threads at once each get their own answer."""
    server.play([kit.http(kit.message())])
    opened = transport(ClientSettings(base_url=server.url))
    outcomes = []

    def work():
        outcomes.extend(perform(opened, kit.request(), time.monotonic) for _ in range(5))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    opened.close()
    assert len(outcomes) == 40
    assert all(isinstance(outcome, Reply) for outcome in outcomes)


def _in_child(opened, request, answer):
    outcome = perform(opened, request, time.monotonic)
    answer.send(type(outcome).__name__)
    answer.close()
    os._exit(0)


def test_a_forked_child_opens_connections_of_its_own(server, kit):
    """After a fork the child's calls work and leave the parent's connection alone."""
    server.play([kit.http(kit.message())])
    opened = transport(ClientSettings(base_url=server.url))
    assert isinstance(perform(opened, kit.request(), time.monotonic), Reply)
    here, there = multiprocessing.Pipe()
    child = multiprocessing.get_context("fork").Process(
        target=_in_child, args=(opened, kit.request(), there)
    )
    child.start()
    assert here.poll(10)
    assert here.recv() == "Reply"
    child.join(10)
    assert isinstance(perform(opened, kit.request(), time.monotonic), Reply)
    assert server.connections == 2
    opened.close()
    here.close()
    there.close()


def test_one_transport_serves_one_loop_after_the_other(server, kit):
    """`asyncio.run` may be called again: each loop has its client, closed when the loop ends."""
    server.play([kit.http(kit.message())])
    opened = async_transport(ClientSettings(base_url=server.url))

    async def once():
        return await aperform(opened, kit.request(), time.monotonic)

    for _ in range(3):
        assert isinstance(asyncio.run(once()), Reply)
    gc.collect()  # an unclosed session would warn here, and warnings are errors
    assert server.connections == 3


def test_a_given_awaiting_client_belongs_to_one_loop(kit):
    """A client that was handed in is not carried into another loop, which would hang."""
    reply = httpx2.Response(200, content=kit.message())
    mine = httpx2.AsyncClient(transport=httpx2.MockTransport(answering(reply, [])))
    opened = async_transport(ClientSettings(http_client=mine))

    async def once():
        return await aperform(opened, kit.request(), time.monotonic)

    assert isinstance(asyncio.run(once()), Reply)
    with pytest.raises(SettingsError, match="event loop"):
        asyncio.run(once())
    asyncio.run(mine.aclose())


def test_the_key_is_in_no_transport_fault(kit):
    """Neither the fault, its pickle, its traceback nor anything it refers to holds the key."""
    from router.claude.transport import WireRequest

    shout = httpx2.ReadError(f"lost with {kit.KEY}")
    mine = httpx2.Client(transport=httpx2.MockTransport(answering(shout, [])))
    opened = transport(ClientSettings(http_client=mine))
    with pytest.raises(TransportFault) as caught:
        opened.send(WireRequest({"model": "m", "max_tokens": 1, "messages": []}, 1.0))
    fault = caught.value
    assert fault.__cause__ is None
    assert fault.__context__ is None
    shown = "".join(traceback.format_exception(fault)) + repr(fault) + repr(vars(fault))
    assert kit.KEY not in shown
    copy = pickle.loads(pickle.dumps(fault))
    assert kit.KEY.encode() not in pickle.dumps(fault)
    assert (copy.kind, copy.message, copy.maybe_billed) == (
        fault.kind, fault.message, fault.maybe_billed,
    )  # fmt: skip
    mine.close()


def test_a_proxy_of_the_environment_is_used(server, kit, monkeypatch):
    """Both transports go through HTTP_PROXY, and around it where NO_PROXY says so."""
    server.play([kit.http(kit.message())])
    monkeypatch.setenv("HTTP_PROXY", server.url)
    monkeypatch.setenv("http_proxy", server.url)
    there = ClientSettings(base_url="http://router-test.invalid")
    opened = transport(there)
    assert isinstance(perform(opened, kit.request(), time.monotonic), Reply)
    opened.close()

    async def awaiting():
        waiting = async_transport(there)
        try:
            return await aperform(waiting, kit.request(), time.monotonic)
        finally:
            await waiting.close()

    assert isinstance(asyncio.run(awaiting()), Reply)
    for request in server.requests:
        assert request.startswith(b"POST http://router-test.invalid/v1/messages")
    monkeypatch.setenv("NO_PROXY", "router-test.invalid")
    monkeypatch.setenv("no_proxy", "router-test.invalid")
    straight = transport(there)
    assert perform(straight, kit.request(), time.monotonic).kind is FaultKind.CONNECTION
    straight.close()


def test_the_apis_list_of_models_is_read(server, kit):
    """All pages come as mappings; an error is ours, said in words."""
    model = {
        "id": "claude-haiku-5-5", "type": "model", "display_name": "Haiku", "lifecycle": "active",
        "created_at": "2026-10-07T00:00:00Z", "max_tokens": 128000,
    }  # fmt: skip
    page = {"data": [model], "has_more": False, "first_id": "a", "last_id": "b"}
    server.play(
        [kit.http(json.dumps(page).encode())],
        [kit.http(kit.api_error("authentication_error", f"bad {kit.KEY}"), status="401 No")],
    )
    listed = list_models(ClientSettings(base_url=server.url))
    assert [one["id"] for one in listed] == ["claude-haiku-5-5"]
    assert b"GET /v1/models?" in server.requests[0]
    with pytest.raises(RouterError, match=r"bad \[redacted\]"):
        list_models(ClientSettings(base_url=server.url))


def test_a_relay_that_never_began_was_not_billed(monkeypatch, tmp_path, kit):
    """A missing key found while a stream begins leaves nothing to be charged."""
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    monkeypatch.setenv("HOME", str(tmp_path))
    attempt = Relay(transport(ClientSettings()), kit.request(), time.monotonic)
    with pytest.raises(SettingsError):
        next(iter(attempt))
    attempt.close()
    assert not attempt.outcome.maybe_billed
