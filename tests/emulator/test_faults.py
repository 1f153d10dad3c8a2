"""Each fault by name is, to the strict reader, the kind of fault it is named after."""

import asyncio
import json

import pytest

from router.claude.events import EventReader
from router.claude.reader import read_body
from router.claude.transport import TransportFault, WireRequest
from router.emulator import (
    FAULTS,
    AsyncEmulatorTransport,
    Emulator,
    EmulatorTransport,
    ManualClock,
    fault,
    raw,
    reply,
)
from router.emulator.faults import BODIES, TAMPERINGS
from router.engine.effects import Fault, FaultKind, Reply

BODY = {
    "model": "claude-haiku-5-5",
    "max_tokens": 400,
    "messages": [{"role": "user", "content": "Hello"}],
}
REQUEST = WireRequest(BODY, timeout=30.0)
LONG = "An answer of some length, so that it comes in several pieces of text."


def outcomes(item, request=REQUEST):
    """The outcome of one call, whole and as a stream, blocking and awaiting; seconds it took."""
    results = []
    for wear in (_send, _stream, _asend, _astream):
        clock = ManualClock()
        emulator = Emulator(clock=clock)
        emulator.script.reply(item)
        results.append((wear(emulator, request), clock.monotonic()))
    assert results[0][0].kind == results[2][0].kind if isinstance(results[0][0], Fault) else True
    assert [t for _, t in results[:2]] == pytest.approx([t for _, t in results[2:]])
    assert type(results[1][0]) is type(results[3][0])
    return results[0], results[1]


def _broken(error):
    return Fault(FaultKind(error.kind), error.message, maybe_billed=error.maybe_billed)


def _send(emulator, request):
    try:
        got = EmulatorTransport(emulator).send(request)
    except TransportFault as error:
        return _broken(error)
    return read_body(got.status, got.headers, got.body, asked=request.body)


def _stream(emulator, request):
    cut, reader = None, None
    try:
        with EmulatorTransport(emulator).stream(request) as stream:
            if stream.status != 200:
                return read_body(stream.status, stream.headers, b"".join(stream.chunks()))
            reader = EventReader(stream.headers, asked=request.body)
            for chunk in stream.chunks():
                reader.feed(chunk)
    except TransportFault as error:
        cut = _broken(error)
        if reader is None:
            return cut
    return reader.outcome(cut=cut)


def _asend(emulator, request):
    async def go():
        try:
            got = await AsyncEmulatorTransport(emulator).send(request)
        except TransportFault as error:
            return _broken(error)
        return read_body(got.status, got.headers, got.body, asked=request.body)

    return asyncio.run(go())


def _astream(emulator, request):
    async def go():
        cut, reader = None, None
        try:
            async with AsyncEmulatorTransport(emulator).stream(request) as stream:
                chunks = [c async for c in stream.chunks()] if stream.status != 200 else None
                if chunks is not None:
                    return read_body(stream.status, stream.headers, b"".join(chunks))
                reader = EventReader(stream.headers, asked=request.body)
                async for chunk in stream.chunks():
                    reader.feed(chunk)
        except TransportFault as error:
            cut = _broken(error)
            if reader is None:
                return cut
        return reader.outcome(cut=cut)

    return asyncio.run(go())


SAME_NAME = sorted(set(FAULTS) & {kind.value for kind in FaultKind})


@pytest.mark.parametrize("name", [n for n in SAME_NAME if n not in ("bad_response", "bad_stream")])
def test_a_fault_named_like_a_kind_is_of_that_kind(name):
    (whole, _), (streamed, _) = outcomes(fault(name))
    assert whole.kind == streamed.kind == FaultKind(name)


OTHER = {
    "ramp_limited": FaultKind.RATE_LIMITED,
    "bad_gateway": FaultKind.SERVER_ERROR,
    "unavailable": FaultKind.SERVER_ERROR,
    "gateway_timeout": FaultKind.SERVER_ERROR,
    "stalled": FaultKind.TIMEOUT,
    "early_end": FaultKind.TRUNCATED_BODY,
    "stream_error": FaultKind.OVERLOADED,
}


@pytest.mark.parametrize(("name", "kind"), OTHER.items())
def test_the_other_faults_are_read_as_their_nearest_kind(name, kind):
    (whole, _), (streamed, _) = outcomes(fault(name))
    assert whole.kind == streamed.kind == kind


def test_every_fault_is_covered_here():
    assert set(FAULTS) == set(SAME_NAME) | set(OTHER)


@pytest.mark.parametrize("body", sorted(BODIES))
def test_no_malformed_body_is_taken_for_an_answer(body):
    (whole, _), _ = outcomes(fault("bad_response", body=body))
    if body == "nan":  # only its usage is: the answer stands, the usage is unknown
        assert (isinstance(whole, Reply) and not whole.usage_known) or isinstance(whole, Fault)
    else:
        assert isinstance(whole, Fault)


@pytest.mark.parametrize("how", sorted(TAMPERINGS))
def test_no_stream_out_of_order_is_taken_for_an_answer(how):
    (whole, _), (streamed, _) = outcomes(fault("bad_stream", how=how, answer=LONG))
    assert isinstance(whole, Reply), "a whole body has no order of events"
    assert isinstance(streamed, Reply if how == "unknown_event" else Fault)


@pytest.mark.parametrize("after", [0, 1, 3, 6])
def test_an_error_event_comes_after_as_many_events_as_asked(after):
    _, (streamed, _) = outcomes(
        fault("stream_error", kind="api_error", after_events=after, answer=LONG)
    )
    assert streamed.kind == FaultKind.SERVER_ERROR
    assert LONG.startswith(streamed.text)
    assert bool(streamed.text) == (after > 3)


def test_a_cut_stream_leaves_the_text_before_the_cut():
    _, (streamed, _) = outcomes(fault("truncated_body", answer=LONG))
    assert streamed.kind == FaultKind.TRUNCATED_BODY
    assert streamed.text
    assert LONG.startswith(streamed.text)
    assert streamed.maybe_billed


@pytest.mark.parametrize(
    ("options", "header", "seconds"),
    [
        ({}, None, None),
        ({"retry_after": 1}, "1", 1.0),
        ({"retry_after": 2.5}, "2.5", 2.5),
        ({"retry_after": 30, "as_date": True}, "Sun, 22 Nov 2026 12:00:30 GMT", 30.0),
    ],
)
def test_retry_after_comes_in_both_forms(options, header, seconds):
    emulator = Emulator(clock=ManualClock())
    emulator.script.reply(fault("rate_limited", **options))
    got = EmulatorTransport(emulator).send(REQUEST)
    assert got.headers.get("retry-after") == header
    outcome = read_body(got.status, got.headers, got.body)
    assert outcome.retry_after == seconds


def test_a_spend_limit_has_a_code_and_no_retry_after():
    emulator = Emulator(clock=ManualClock())
    emulator.script.reply(fault("spend_limit"))
    got = EmulatorTransport(emulator).send(REQUEST)
    error = json.loads(got.body)["error"]
    assert error["details"]["error_code"] == "enforced_spend_limit_reached"
    assert "retry-after" not in got.headers


def test_a_hang_takes_exactly_the_time_limit():
    (whole, took), (streamed, streamed_took) = outcomes(fault("timeout"))
    assert whole.kind == streamed.kind == FaultKind.TIMEOUT
    assert (took, streamed_took) == (30.0, 30.0)


def test_a_dripping_answer_is_ended_by_the_time_limit_of_the_whole():
    """Each piece comes in time, the whole does not: 10 bytes every 2 seconds."""
    (whole, took), (streamed, _) = outcomes(reply(LONG, pace=2.0, drip=10))
    assert whole.kind == streamed.kind == FaultKind.TIMEOUT
    assert took == 30.0


def test_a_slow_answer_within_the_limit_is_an_answer():
    (whole, took), (streamed, streamed_took) = outcomes(reply(LONG, latency=4.0, pace=0.5))
    assert whole.text == streamed.text == LONG
    assert took == pytest.approx(streamed_took + 0.5)
    assert took > 8


def test_a_connection_that_is_refused_cannot_have_been_billed():
    (whole, _), _ = outcomes(fault("connection"))
    assert not whole.maybe_billed
    (whole, _), _ = outcomes(fault("reset"))
    assert whole.maybe_billed


def test_an_answer_beyond_the_cap_is_cut_off():
    request = WireRequest(BODY, timeout=30.0, max_bytes=1_000)
    (whole, _), (streamed, _) = outcomes(raw(b"x" * 2_000), request)
    assert whole.kind == streamed.kind == FaultKind.BAD_RESPONSE


@pytest.mark.parametrize(
    "make",
    [
        lambda: fault("overlaoded"),
        lambda: fault("bad_response", body="odd"),
        lambda: fault("bad_stream", how="odd"),
    ],
)
def test_a_name_that_does_not_exist_is_a_value_error_that_lists_those_that_do(make):
    with pytest.raises(ValueError, match="one of:"):
        make()


def test_an_option_that_a_fault_does_not_have_is_a_type_error():
    with pytest.raises(TypeError):
        fault("reset", retry_after=1)
