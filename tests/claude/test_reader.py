"""The strict reader for whole bodies: a Reply only where every part of it holds."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.claude.faults import classify, error_fault, retry_after
from router.claude.reader import read_body
from router.claude.redact import clean, preview, redact
from router.engine.effects import Fault, FaultKind, Reply

ASKED = {"model": "claude-haiku-5-5", "max_tokens": 100, "messages": []}
JSON_TYPE = {"content-type": "application/json", "request-id": "req_1"}


def read(body, status=200, headers=None, asked=ASKED, **more):
    return read_body(status, headers or JSON_TYPE, body, asked=asked, **more)


def without(name, kit):
    answer = json.loads(kit.message())
    del answer[name]
    return json.dumps(answer).encode()


def malformed(kit):
    """Bodies under status 200 that are no answer."""
    message = kit.message
    text = {"type": "text", "text": "x"}
    tool = {"type": "tool_use", "id": "t", "name": "n", "input": {}}
    yield from (b"", b" ", b"[]", b"null", b"true", b"3", b'"ok"', b"{}", b"[{}]", b"NaN", b"\x00")
    yield from (b"<html><body>Sign in</body></html>", b"OK", b"data: {}\n\n", b"\xff\xfe{\x00}\x00")
    yield from (b"[" * 20_000 + b"]" * 20_000, b'{"a":' * 20_000, b'{"content":' + b"[" * 20_000)
    for name in ("id", "type", "model", "content", "stop_reason"):
        yield without(name, kit)
        for wrong in (None, 3, True, [], {}, [1]):
            if (name, wrong) != ("content", []):
                yield message(**{name: wrong})
    for name in ("id", "model", "stop_reason", "type"):
        yield message(**{name: ""})
    yield message(type="completion")
    yield message(role="user")
    yield message(role=None)
    yield message(stop_details="no")
    for block in (None, 3, "text", [], {}, {"type": 3}, {"type": "text"}):
        yield message(content=[text, block])
    for wrong in (None, 3, ["a"], {"a": 1}):
        yield message(content=[{"type": "text", "text": wrong}])
    yield message(content=[{**text, "text": None}, text])
    for name in ("id", "name", "input"):
        yield message(content=[{**tool, name: None}])
        yield message(content=[{k: v for k, v in tool.items() if k != name}])
    yield message(content=[{**tool, "input": "{}"}])
    yield message(content=[{"type": "thinking"}])
    good = message()
    yield good[:-1] + b',"usage":{"input_tokens":1,"output_tokens":1}}'
    yield good[:-1] + b',"stop_reason":"max_tokens"}'
    yield good[:-1] + b',"content":[]}'
    yield good[:-1] + b',"mod\\u0065l":"claude-opus-5-5"}'
    yield good.replace(b'"hello"', b'"hel\xfflo"')
    yield good.replace(b'"hello"', b'"hel\\ud800lo"')
    yield good.replace(b'"hello"', b'"hel\x01lo"')
    yield good.replace(b'"hello"', b"NaN")
    yield good + good
    yield good + b"x"
    yield b"\xef\xbb\xbf" + good
    called = message(content=[{**tool, "input": {"label": "a", "n": 1}}])
    yield called.replace(b'"n": 1', b'"n": NaN')
    yield called.replace(b'"n": 1', b'"n": 1e400')
    yield called.replace(b'"n": 1', b'"label": "b"')
    yield from (good[:cut] for cut in range(0, len(good), 7))
    yield kit.api_error("overloaded_error")
    yield b'{"error": {"message": "down"}}'


def test_no_malformed_body_is_taken_for_an_answer(kit):
    """Over a hundred malformed bodies: each a typed fault, none an answer, none an exception."""
    bodies = list(malformed(kit))
    assert len(bodies) > 100
    for body in bodies:
        outcome = read(body)
        assert isinstance(outcome, Fault), body[:80]
        assert outcome.message
        assert len(outcome.message) <= 500
        assert outcome.message.isprintable()


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_at_all_raise(body):
    """Whatever the bytes: a fault."""
    assert isinstance(read(body), Fault)
    assert isinstance(error_fault(500, {}, body), Fault)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"id": "msg_1", "content": [', FaultKind.TRUNCATED_BODY),
        (b"", FaultKind.BAD_RESPONSE),
        (b"<html>", FaultKind.BAD_RESPONSE),
        (b"[" * 20_000, FaultKind.BAD_RESPONSE),
        (b'{"type":"error","error":{"type":"overloaded_error"}}', FaultKind.OVERLOADED),
        (b'{"type":"error","error":{"type":"rate_limit_error"}}', FaultKind.RATE_LIMITED),
        (b'{"type":"error","error":{"type":"never_heard_of"}}', FaultKind.SERVER_ERROR),
    ],
)
def test_faults_under_status_200_say_what_they_are(body, kind):
    """A cut body, garbage and an error body are told apart."""
    fault = read(body)
    assert fault.kind is kind
    assert fault.request_id == "req_1"


def test_what_is_newer_than_this_version_passes(kit):
    """Unknown blocks, members, stop reasons and service facts are kept, not refused."""
    block = {"type": "hologram", "depth": 3}
    body = kit.message(
        content=[block, {"type": "text", "text": "a"}, {"type": "text", "text": "b"}],
        stop_reason="tired",
        extra={"x": [1]},
        usage={"input_tokens": 1, "output_tokens": 2, "novelty": {}, "speed": "fast"},
    )
    reply = read(body)
    assert isinstance(reply, Reply)
    assert (reply.content[0], reply.text, reply.stop_reason) == (block, "ab", "tired")
    assert reply.service == {"speed": "fast"}
    assert reply.usage_known


def test_text_that_quotes_members_of_the_answer_is_no_duplicate(kit):
    """A reply about usage and stop_reason is still a reply."""
    text = '{"usage": {"input_tokens": 1}, "content": [], "model": "x", "stop_reason": null}'
    assert read(kit.message(content=[{"type": "text", "text": text}])).text == text


FULL = {
    "input_tokens": 10,
    "output_tokens": 20,
    "cache_creation_input_tokens": 30,
    "cache_read_input_tokens": 40,
    "cache_creation": {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20},
    "output_tokens_details": {"thinking_tokens": 5},
}


def test_usage_is_read_by_kind(kit):
    """Writes of both lifetimes, reads and thinking are kept apart."""
    reply = read(kit.message(usage=FULL))
    assert reply.usage_known
    usage = reply.usage
    assert (usage.cache_write_5m_tokens, usage.cache_write_1h_tokens) == (10, 20)
    assert (usage.cache_read_tokens, usage.thinking_tokens, usage.prompt_tokens) == (40, 5, 80)


def test_writes_not_told_apart_are_taken_for_what_was_asked(kit):
    """Without a split, writes count as the dearer kind if the request asked for it anywhere."""
    usage = {"input_tokens": 1, "output_tokens": 1, "cache_creation_input_tokens": 9}
    assert read(kit.message(usage=usage)).usage.cache_write_5m_tokens == 9
    block = {"type": "text", "text": "x", "cache_control": {"type": "ephemeral", "ttl": "1h"}}
    asked = {**ASKED, "system": [block]}
    assert read(kit.message(usage=usage), asked=asked).usage.cache_write_1h_tokens == 9


@pytest.mark.parametrize(
    "usage",
    [
        None, [], "12", 12, {}, {"input_tokens": 1}, {"output_tokens": 1},
        {**FULL, "input_tokens": -1}, {**FULL, "output_tokens": -1}, {**FULL, "input_tokens": "1"},
        {**FULL, "input_tokens": 1.0}, {**FULL, "input_tokens": True},
        {**FULL, "input_tokens": None}, {**FULL, "input_tokens": 10**18},
        {**FULL, "output_tokens": 10**18}, {**FULL, "output_tokens": 5_000},
        {**FULL, "cache_read_input_tokens": -4}, {**FULL, "cache_read_input_tokens": "4"},
        {**FULL, "cache_creation": {"ephemeral_5m_input_tokens": 1}},
        {**FULL, "cache_creation": {"ephemeral_5m_input_tokens": -30}},
        {**FULL, "cache_creation": []}, {**FULL, "output_tokens_details": {"thinking_tokens": 21}},
        {**FULL, "output_tokens_details": {"thinking_tokens": -1}},
    ],
)  # fmt: skip
def test_usage_that_is_not_plausible_is_unknown_and_the_answer_stays(kit, usage):
    """The answer is delivered; its usage is neither believed nor zero."""
    reply = read(kit.message(usage=usage))
    assert isinstance(reply, Reply)
    assert not reply.usage_known


def test_usage_missing_or_doubled_within_is_unknown(kit):
    """A missing usage, and one that names a count twice, are unknown too."""
    assert not read(without("usage", kit)).usage_known
    doubled = kit.message().replace(b'"input_tokens": 12', b'"input_tokens": 12, "input_tokens": 1')
    assert not read(doubled).usage_known


def test_fields_the_endpoint_ignored_are_named(kit):
    """Speed, geography, thinking, max_tokens and caching, by the endpoint's own account."""
    cached = [{"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}]
    asked = {
        **ASKED,
        "system": cached,
        "speed": "fast",
        "inference_geo": "us",
        "thinking": {"type": "disabled"},
    }
    body = kit.message(
        content=[{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "x"}],
        usage={
            "input_tokens": 1,
            "output_tokens": 101,
            "speed": "standard",
            "inference_geo": "global",
        },
    )
    assert set(read(body, asked=asked).ignored) == {
        "speed", "inference_geo", "max_tokens", "cache_control", "thinking",
    }  # fmt: skip
    assert read(kit.message()).ignored == ()


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "3"}, 3.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after-ms": "soon", "retry-after": "9"}, 9.0),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "1e999"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "9" * 4_000}, None),
        ({"retry-after": "Thu, 01 Jan 1970 00:01:40 GMT"}, 40.0),
        ({"retry-after": "Thu, 01 Jan 1970 00:00:59 GMT"}, None),
        (
            {
                "retry-after": "Sun, 22 Nov 2026 10:00:09 GMT",
                "date": "Sun, 22 Nov 2026 10:00:00 GMT",
            },
            9.0,
        ),
        (
            {"retry-after": "Sun, 22 Nov 2026 10:00:09 GMT", "date": "whenever"},
            1795341609.0 - 60.0,
        ),
        ({"retry-after": "Sun, 99 Nov 2026 99:99:99 GMT"}, None),
    ],
)
def test_retry_after_in_every_form(headers, seconds):
    """Seconds, milliseconds and dates are resolved; what makes no sense is as if absent."""
    assert retry_after(headers, lambda: 60.0) == seconds


@pytest.mark.parametrize("status", [*range(300, 600, 7), 0, 99, 600, 999])
def test_every_status_has_a_kind(status):
    """No status is without a class, no error status is an answer."""
    assert isinstance(classify(status), FaultKind)
    assert isinstance(read(b"{}", status=status), Fault)


def test_redirects_bad_requests_and_gateways_say_so():
    """Three messages that people meet."""
    assert "redirect" in error_fault(307, {"location": "http://evil"}, b"").message
    assert error_fault(504, {}, b"").maybe_billed
    assert not error_fault(529, {}, b"").maybe_billed
    assert error_fault(400, {}, b'{"message": "Malformed input"}').message == "Malformed input"
    assert error_fault(404, {}, b'{"error": "model not found"}').message == "model not found"


@pytest.mark.parametrize(
    "secret",
    [
        "sk-ant-api03-AbCdEfGh123", "sk-proj-abcdefghij0123456789", "AKIAIOSFODNN7EXAMPLE",
        "ya29.a0AfH6SMBx-abc", "eyJhbGciOi12.eyJzdWIiOiIx.c2lnbmF0dXJl", "hunter2hunter2",
        "ABSKQmVkcm9ja0FQSUtleS1hYmNk",
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "frame",
    [
        "key {} is bad", "Authorization: Bearer {}", 'x-api-key: "{}"', "https://u:{}@host/",
        "\x1b[31mpassword={}\x1b[0m", "api_key={}&x=1",
    ],
)  # fmt: skip
def test_secrets_are_redacted_by_pattern_and_by_value(secret, frame):
    """Keys of every make are hidden in every frame; a value we know is hidden without one."""
    text = frame.format(secret)
    if secret != "hunter2hunter2" or frame != "key {} is bad":
        assert secret not in clean(text)
        assert secret not in preview(f"<p>{text}</p>".encode())
    assert secret not in redact(text, [secret])


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=900))
def test_messages_are_one_printable_line_of_bounded_length(text):
    """No control characters, line breaks or escapes reach a terminal or a log."""
    shown = clean(text)
    assert len(shown) <= 500
    assert shown == "" or shown.isprintable()
    assert "<" not in preview(text.encode("utf-8", "replace"))


def test_an_emulated_answer_is_known_by_its_request_id(kit):
    """Replies of the emulator are marked also when they came over the network."""
    headers = {**JSON_TYPE, "request-id": "req_emulated_000001"}
    assert read(kit.message(), headers=headers).emulated
    assert read(b"", status=500, headers=headers).emulated
    assert not read(kit.message()).emulated
