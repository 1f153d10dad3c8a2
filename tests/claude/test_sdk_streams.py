"""Streams over real sockets, blocking and awaiting: passed on as they come, ended in time."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import aclosing

import pytest

from router.claude.call import AsyncRelay, Relay, aperform, perform, relay
from router.claude.settings import ClientSettings, async_transport, transport
from router.engine.effects import Fault, FaultKind, Reply

SSE = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
END = b"0\r\n\r\n"


def piece(kind, **members):
    data = f"event: {kind}\ndata: {json.dumps({'type': kind, **members})}\n\n".encode()
    return b"%x\r\n%s\r\n" % (len(data), data)


START = piece(
    "message_start",
    message={
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-haiku-5-5",
        "content": [], "usage": {"input_tokens": 9, "output_tokens": 1},
    },
)  # fmt: skip
OPEN = piece("content_block_start", index=0, content_block={"type": "text", "text": ""})
ONE = piece("content_block_delta", index=0, delta={"type": "text_delta", "text": "Guten "})
TWO = piece("content_block_delta", index=0, delta={"type": "text_delta", "text": "Tag"})
SHUT = piece("content_block_stop", index=0)
LAST = piece("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 4})
STOP = piece("message_stop")
PING = piece("ping")
GOOD = [SSE, START, OPEN, ONE, TWO, SHUT, LAST, STOP, END]


@pytest.fixture(params=["blocking", "awaiting"])
def streamed(request, kit):
    """`streamed(url, timeout)`: the pieces of text and the outcome of one streamed attempt."""

    def blocking(url, timeout):
        opened = transport(ClientSettings(base_url=url))
        opened.prepare()
        attempt = Relay(opened, kit.request(timeout), time.monotonic)
        texts = [delta.text for delta in attempt]
        opened.close()
        return texts, attempt.outcome

    async def awaiting(url, seconds):
        opened = async_transport(ClientSettings(base_url=url))
        attempt = AsyncRelay(opened, kit.request(seconds), time.monotonic)
        texts = [delta.text async for delta in attempt]
        await opened.close()
        return texts, attempt.outcome

    if request.param == "blocking":
        return lambda url, timeout=5.0: blocking(url, timeout)
    return lambda url, timeout=5.0: asyncio.run(awaiting(url, timeout))


def test_text_is_passed_on_and_the_reply_follows(server, streamed):
    """Pieces come in order, then the answer with its usage; `stream` was asked for."""
    server.play(GOOD)
    texts, reply = streamed(server.url)
    assert texts == ["Guten ", "Tag"]
    assert isinstance(reply, Reply)
    assert (reply.text, reply.usage.output_tokens, reply.relayed) == ("Guten Tag", 4, True)
    assert 0 < reply.first_token <= reply.latency
    assert json.loads(server.requests[0].partition(b"\r\n\r\n")[2])["stream"] is True


@pytest.mark.parametrize(
    ("script", "texts", "kind"),
    [
        ([SSE, START, "close"], [], FaultKind.TRUNCATED_BODY),
        ([SSE, START, END], [], FaultKind.TRUNCATED_BODY),
        ([SSE, START, OPEN, ONE, 0.05, "close"], ["Guten "], FaultKind.STREAM_INTERRUPTED),
        ([SSE, START, OPEN, ONE, 0.05, END], ["Guten "], FaultKind.STREAM_INTERRUPTED),
        ([SSE, START, OPEN, ONE, 0.05, START], ["Guten "], FaultKind.BAD_STREAM),
        ([SSE, START, "hang"], [], FaultKind.TIMEOUT),
        ([SSE, START, OPEN, ONE, "hang"], ["Guten "], FaultKind.STREAM_INTERRUPTED),
        ([SSE, START, *[PING, 0.04] * 50], [], FaultKind.TIMEOUT),
        ([SSE, *[PING, 0.04] * 50], [], FaultKind.TIMEOUT),
        (["close"], [], FaultKind.RESET),
        (["hang"], [], FaultKind.TIMEOUT),
    ],
)
def test_streams_that_die_are_typed_and_in_time(server, streamed, script, texts, kind):
    """Cut, stalled or kept alive by pings alone: a fault with the text so far, at the limit."""
    server.play(script)
    streamed("http://127.0.0.1:9", 0.5)
    got, fault = streamed(server.url, 0.4)
    assert got == texts
    assert isinstance(fault, Fault)
    assert fault.kind is kind
    assert (fault.text, fault.relayed) == ("".join(texts), bool(texts))
    assert fault.latency < 1.0
    if script[:1] == [SSE] and START in script:
        assert fault.usage.input_tokens == 9
        assert fault.maybe_billed


def test_an_error_event_inside_200_is_classed(server, streamed):
    """An overloaded_error as first event is an overload, not a success."""
    error = piece("error", error={"type": "overloaded_error", "message": "Overloaded"})
    server.play([SSE, error, END])
    texts, fault = streamed(server.url)
    assert texts == []
    assert fault.kind is FaultKind.OVERLOADED


def test_error_statuses_and_other_bodies_in_answer_to_a_stream(server, streamed, kit):
    """An error status is classed; a whole message is taken and said to have ignored `stream`;
    an event stream under another type is refused."""
    server.play(
        [kit.http(kit.api_error("rate_limit_error"), status="429 No", retry_after="2")],
        [kit.http(kit.message())],
        [kit.http(b"event: ping\ndata: {}\n\n", kind="text/plain")],
        [kit.http(b"<html>", kind="text/html")],
    )
    _, limited = streamed(server.url)
    assert (limited.kind, limited.retry_after) == (FaultKind.RATE_LIMITED, 2.0)
    texts, whole = streamed(server.url)
    assert (texts, whole.ignored) == (["hello"], ("stream",))
    for _ in range(2):
        _, wrong = streamed(server.url)
        assert wrong.kind is FaultKind.BAD_RESPONSE


def test_a_server_that_hangs_after_the_end_costs_a_moment(server, streamed):
    """Once the answer is whole, its end is waited for one second and no more."""
    server.play([*GOOD[:-1], "hang"])
    _, reply = streamed(server.url, 30.0)
    assert isinstance(reply, Reply)
    assert reply.latency < 0.9


def test_a_finished_stream_leaves_its_connection_for_the_next(server, kit):
    """Keep-alive works for streams; an abandoned one is closed."""
    server.play(GOOD)
    opened = transport(ClientSettings(base_url=server.url))
    for _ in range(3):
        steps = relay(opened, kit.request(), time.monotonic)
        assert [next(steps).text, next(steps).text] == ["Guten ", "Tag"]
        with pytest.raises(StopIteration) as end:
            next(steps)
        assert isinstance(end.value.value, Reply)
    assert server.connections == 1
    opened.close()


def test_an_abandoned_stream_keeps_what_is_known(server, kit):
    """Closing early closes the connection and settles the outcome with usage and text."""
    server.play([SSE, START, OPEN, ONE, kit.HANG])
    opened = transport(ClientSettings(base_url=server.url))
    attempt = Relay(opened, kit.request(), time.monotonic)
    assert next(iter(attempt)).text == "Guten "
    attempt.close()
    assert attempt.outcome.kind is FaultKind.STREAM_INTERRUPTED
    assert (attempt.outcome.text, attempt.outcome.usage.input_tokens) == ("Guten ", 9)
    opened.close()

    async def awaiting():
        waiting = async_transport(ClientSettings(base_url=server.url))
        abandoned = AsyncRelay(waiting, kit.request(), time.monotonic)
        async with aclosing(abandoned):
            async for delta in abandoned:
                assert delta.text == "Guten "
                break
        await waiting.close()
        return abandoned.outcome

    assert asyncio.run(awaiting()).text == "Guten "


def test_long_answers_are_asked_for_as_streams(server, kit):
    """Above the API's bound for plain calls an attempt streams, and gives the same Reply."""
    server.play(GOOD)
    request = kit.request(max_tokens=30_000)
    opened = transport(ClientSettings(base_url=server.url))
    reply = perform(opened, request, time.monotonic)
    opened.close()
    assert (reply.text, reply.relayed) == ("Guten Tag", False)

    async def awaiting():
        waiting = async_transport(ClientSettings(base_url=server.url))
        try:
            return await aperform(waiting, request, time.monotonic)
        finally:
            await waiting.close()

    assert asyncio.run(awaiting()).text == "Guten Tag"


def test_cancelling_closes_the_connection_and_comes_out(server, kit):
    """CancelledError is never swallowed, and others' answers are never mixed up."""

    async def main():
        opened = async_transport(ClientSettings(base_url=server.url))
        await opened.prepare()
        server.play([kit.HANG])
        hanging = [
            asyncio.create_task(aperform(opened, kit.request(30.0), time.monotonic))
            for _ in range(5)
        ]
        await asyncio.to_thread(server.wait_for, 5)
        for task in hanging:
            task.cancel()
        results = await asyncio.gather(*hanging, return_exceptions=True)
        assert all(isinstance(one, asyncio.CancelledError) for one in results)
        server.play([kit.http(kit.message(id="msg_mine"))])
        replies = await asyncio.gather(
            *(aperform(opened, kit.request(), time.monotonic) for _ in range(10))
        )
        assert {reply.id for reply in replies} == {"msg_mine"}
        await opened.close()

    asyncio.run(main())
