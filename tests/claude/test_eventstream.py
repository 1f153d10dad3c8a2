"""Amazon's event stream becomes the same server-sent events, in any chunking, or a fault."""

from __future__ import annotations

import base64
import json
import struct
import time
from zlib import crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.claude.call import Relay
from router.claude.events import EventReader
from router.claude.eventstream import EventStreamDecoder
from router.claude.settings import ClientSettings, transport
from router.claude.transport import TransportFault
from router.engine.effects import FaultKind, Reply


def frame(headers, payload):
    packed = b"".join(
        bytes([len(name)])
        + name.encode()
        + b"\x07"
        + struct.pack("!H", len(value))
        + value.encode()
        for name, value in headers.items()
    )
    prelude = struct.pack("!II", 16 + len(packed) + len(payload), len(packed))
    message = prelude + struct.pack("!I", crc32(prelude)) + packed + payload
    return message + struct.pack("!I", crc32(message))


def chunk(kind, **members):
    inner = json.dumps({"type": kind, **members}).encode()
    payload = json.dumps({"bytes": base64.b64encode(inner).decode()}).encode()
    return frame({":message-type": "event", ":event-type": "chunk"}, payload)


GOOD = b"".join(
    [
        chunk(
            "message_start",
            message={
                "id": "m", "type": "message", "role": "assistant", "model": "x", "content": [],
                "usage": {"input_tokens": 1, "output_tokens": 1},
            },
        ),
        frame({":message-type": "event", ":event-type": "initial-response"}, b"{}"),
        chunk("content_block_start", index=0, content_block={"type": "text", "text": ""}),
        chunk("content_block_delta", index=0, delta={"type": "text_delta", "text": "hi"}),
        chunk("content_block_stop", index=0),
        chunk("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 2}),
        chunk("message_stop"),
    ]
)  # fmt: skip


def read(data, sizes):
    decoder, reader, at = EventStreamDecoder(), EventReader({}), 0
    for size in [*sizes, len(data)]:
        reader.feed(decoder.feed(data[at : at + size]))
        at += size
    return reader.outcome()


def read_or_fault(data):
    try:
        return read(data, [])
    except TransportFault as fault:
        return fault.kind


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(1, 300), max_size=20))
def test_frames_become_events_however_they_are_cut(sizes):
    """The answer is the same for every chunking."""
    reply = read(GOOD, sizes)
    assert isinstance(reply, Reply)
    assert reply.text == "hi"


def test_an_exception_frame_is_an_error_event():
    """Bedrock's throttling inside a stream is a rate limit."""
    headers = {":message-type": "exception", ":exception-type": "throttlingException"}
    fault = read(frame(headers, b'{"message": "Too many tokens"}'), [])
    assert (fault.kind, fault.message) == (FaultKind.RATE_LIMITED, "Too many tokens")


@settings(max_examples=100, deadline=None)
@given(st.integers(0, len(GOOD) - 1), st.integers(1, 255))
def test_one_wrong_byte_is_never_an_answer_of_another_text(at, flip):
    """Checksums are checked: a flipped byte is a fault of the transport or a cut stream."""
    spoiled = bytearray(GOOD)
    spoiled[at] ^= flip
    assert not isinstance(read_or_fault(bytes(spoiled)), Reply)


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=200))
def test_garbage_is_a_transport_fault_or_nothing(data):
    """Whatever the bytes: events, nothing yet, or a TransportFault."""
    assert not isinstance(read_or_fault(data), Reply)


def test_bedrock_streams_through_its_sdk_client(server, kit, monkeypatch):
    """The whole way: the SDK's Bedrock client, Amazon's framing, our reader."""
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "k" * 20)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    server.play([kit.http(GOOD, kind="application/vnd.amazon.eventstream")])
    opened = transport(ClientSettings("bedrock", base_url=server.url))
    attempt = Relay(opened, kit.request(), time.monotonic)
    assert [delta.text for delta in attempt] == ["hi"]
    assert isinstance(attempt.outcome, Reply)
    assert b"/invoke-with-response-stream" in server.requests[0]
    opened.close()


@pytest.mark.parametrize("cut", [1, 11, 40, len(GOOD) // 2, len(GOOD) - 1])
def test_a_cut_event_stream_is_no_answer(cut):
    """An unfinished frame is never dispatched."""
    assert not isinstance(read(GOOD[:cut], []), Reply)
