"""The strict reader for streams: the whole story in order, or a typed fault, in any chunking."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.claude.events import EventReader
from router.claude.sse import SseDecoder
from router.engine.effects import Fault, FaultKind, Reply
from router.types import Usage

HEADERS = {"content-type": "text/event-stream", "request-id": "req_1"}
ASKED = {"model": "claude-haiku-5-5", "max_tokens": 100, "messages": []}


def event(kind, name="", **members):
    data = json.dumps({"type": kind, **members})
    return f"event: {name or kind}\ndata: {data}\n\n".encode()


def start(**usage):
    message = {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-haiku-5-5",
        "content": [], "stop_reason": None,
        "usage": {"input_tokens": 10, "cache_read_input_tokens": 5, "output_tokens": 1, **usage},
    }  # fmt: skip
    return event("message_start", message=message)


def opened(index=0, **block):
    block = block or {"type": "text", "text": ""}
    return event("content_block_start", index=index, content_block=block)


def delta(index=0, kind="text_delta", **members):
    return event("content_block_delta", index=index, delta={"type": kind, **members})


def closed(index=0):
    return event("content_block_stop", index=index)


def ended(reason="end_turn", **usage):
    told = {"output_tokens": 7, **usage}
    return event("message_delta", delta={"stop_reason": reason, "stop_details": None}, usage=told)


PING = event("ping")
STOP = event("message_stop")
TOOL = {"type": "tool_use", "id": "t1", "name": "route", "input": {}}
THINKING = {"type": "thinking", "thinking": "", "signature": ""}

RICH = [
    start(), PING,
    opened(0, **THINKING), delta(0, "thinking_delta", thinking="let me "),
    delta(0, "thinking_delta", thinking="see"), delta(0, "signature_delta", signature="sig"),
    closed(0),
    opened(1), delta(1, text="Guten "), PING, delta(1, text="Tag ☀"),
    delta(1, "citations_delta", citation={"type": "page_location"}), closed(1),
    opened(2, **TOOL), delta(2, "input_json_delta", partial_json=""),
    delta(2, "input_json_delta", partial_json='{"label": "a", "conf'),
    delta(2, "input_json_delta", partial_json='idence": 0.5}'), closed(2),
    ended("tool_use"), STOP,
]  # fmt: skip
PLAIN = [start(), opened(), delta(text="Guten "), delta(text="Tag"), closed(), ended(), STOP]


def read(data, size=0, **more):
    reader = EventReader(HEADERS, asked=ASKED, **more)
    size = size or len(data) or 1
    pieces = []
    for at in range(0, len(data), size):
        pieces += reader.feed(data[at : at + size])
    return reader.outcome(relayed=bool(pieces)), pieces


def test_a_rich_stream_is_put_together():
    """Thinking, text, citations and tool input arrive as the whole-body answer would hold them."""
    reply, pieces = read(b"".join(RICH))
    assert isinstance(reply, Reply)
    assert pieces == ["Guten ", "Tag ☀"]
    assert reply.content == (
        {"type": "thinking", "thinking": "let me see", "signature": "sig"},
        {"type": "text", "text": "Guten Tag ☀", "citations": [{"type": "page_location"}]},
        {"type": "tool_use", "id": "t1", "name": "route",
         "input": {"label": "a", "confidence": 0.5}},
    )  # fmt: skip
    assert reply.usage == Usage(10, 7, cache_read_tokens=5)
    assert (reply.stop_reason, reply.usage_known, reply.request_id) == ("tool_use", True, "req_1")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 1_400), max_size=30), st.sampled_from([b"\n", b"\r\n", b"\r"]))
def test_chunking_and_line_endings_change_nothing(cuts, ending):
    """However the bytes are cut and the lines end, answer and text are the same."""
    data = b"".join(RICH).replace(b"\n", ending)
    whole, _ = read(b"".join(RICH))
    reader = EventReader(HEADERS, asked=ASKED)
    at, pieces = 0, []
    for cut in [*cuts, len(data)]:
        pieces += reader.feed(data[at : at + cut])
        at += cut
    assert reader.outcome(relayed=True) == whole
    assert "".join(pieces) == "Guten Tag ☀"


@pytest.mark.parametrize("size", [1, 7, 4096])
def test_a_stream_cut_anywhere_is_no_answer(size):
    """Every truncation but that of the very last blank line is a fault with the text so far."""
    data = b"".join(PLAIN)
    for cut in range(0, len(data) - 1, 1 if size > 1 else 5):
        outcome, pieces = read(data[:cut], size)
        assert isinstance(outcome, Fault), cut
        wanted = FaultKind.STREAM_INTERRUPTED if pieces else FaultKind.TRUNCATED_BODY
        assert outcome.kind is wanted
        assert "Guten Tag".startswith(outcome.text)
        assert outcome.text == "".join(pieces)


def spoiled():
    """Streams that must not be taken for a success, by name."""
    for name, events in (("plain", PLAIN), ("rich", RICH)):
        for at, one in enumerate(events):
            if one == PING:
                continue
            is_delta = b"content_block_delta" in one
            if not is_delta:
                yield f"{name} without {at}", events[:at] + events[at + 1 :]
            if not is_delta and b"message_delta" not in one:
                yield f"{name} with {at} twice", [*events[: at + 1], one, *events[at + 1 :]]
            if at + 1 < len(events) and events[at + 1] != PING and not is_delta:
                swapped = [*events[:at], events[at + 1], one, *events[at + 2 :]]
                yield f"{name} with {at} and the next swapped", swapped
        yield f"{name} with every event twice", [one for one in events for _ in range(2)]
        yield f"{name} twice", [*events, *events]
        yield f"{name} reversed", events[::-1]
        for late in (opened(9), delta(0, text="x"), closed(0), ended(), STOP, start()):
            yield f"{name} and more", [*events, late]
    head, tail = [start()], [ended(), STOP]
    block = [opened(), delta(text="x"), closed()]
    for wrong in (-1, 1, 7, None, "0", 0.0, True, [0]):
        yield f"index {wrong!r} at start", [*head, opened(wrong), delta(text="x"), closed(), *tail]
        yield (
            f"index {wrong!r} at delta",
            [*head, opened(), delta(wrong, text="x"), closed(), *tail],
        )
        yield f"index {wrong!r} at stop", [*head, opened(), delta(text="x"), closed(wrong), *tail]
    yield "a block in a block", [*head, opened(), opened(1), closed(1), closed(0), *tail]
    yield "a block after the stop reason", [*head, *block, ended(), opened(1), closed(1), STOP]
    yield "no stop reason", [*head, *block, ended(None), STOP]
    yield "an empty stop reason", [*head, *block, ended(""), STOP]
    yield "a stop reason of a number", [*head, *block, ended(3), STOP]
    yield "two stop reasons", [*head, *block, ended(), ended("max_tokens"), STOP]
    for bad in ('{"label": "a"', '{"a": NaN}', '{"a":1,"a":2}', "[1]", '"x"', "1e400", "{}{}", "x"):
        tool = [opened(0, **TOOL), delta(0, "input_json_delta", partial_json=bad), closed()]
        yield f"tool input {bad}", [*head, *tool, ended("tool_use"), STOP]
    for kind, members in (
        ("text_delta", {"text": 3}), ("text_delta", {}),
        ("input_json_delta", {"partial_json": "{"}),
        ("thinking_delta", {"thinking": "x"}), (3, {}), ("citations_delta", {"citation": "x"}),
    ):  # fmt: skip
        yield (
            f"a text block with {kind}",
            [*head, opened(), delta(0, kind, **members), closed(), *tail],
        )
    for wrong in (None, 3, [], {"text": "x"}, {"type": 3}, {"type": "text", "text": 3}):
        odd = event("content_block_start", index=0, content_block=wrong)
        yield f"a block {wrong!r}", [*head, odd, closed(), *tail]
    yield "a tool without a name", [*head, opened(0, type="tool_use", id="t"), closed(), *tail]
    for wrong in (None, [], {"type": "message"}, {"id": "m", "model": "x", "type": "note"}):
        yield f"message {wrong!r}", [event("message_start", message=wrong), *block, *tail]
    yield "a name that lies", [*head, event("content_block_stop", "message_stop"), *tail]
    for data in (
        b"{",
        b"[]",
        b"null",
        b"\xff",
        b'{"type": "\\ud800"}',
        b"[" * 20_000,
        b"NaN",
        b"{}",
    ):
        yield f"data {data[:9]!r}", [*head, b"event: content_block_start\ndata: " + data + b"\n\n"]
        yield f"data {data[:9]!r} alone", [b"data: " + data + b"\n\n", *PLAIN]
    yield "html", [b"<html>\n\n<body>no</body>\n\n"]
    yield "json", [json.dumps({"type": "message"}).encode()]
    yield "pings for ever", [PING] * 50
    yield "nothing", []


@pytest.mark.parametrize("size", [1, 7, 4096])
def test_no_spoiled_stream_is_taken_for_a_success(size):
    """Over a hundred streams, doubled, swapped, cut, out of order or garbage: faults all."""
    cases = list(spoiled())
    assert len(cases) > 100
    for name, events in cases:
        outcome, pieces = read(b"".join(events), size)
        assert isinstance(outcome, Fault), name
        assert outcome.message, name
        assert outcome.relayed == bool(pieces), name


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300), st.integers(0, 7))
def test_no_bytes_raise(garbage, at):
    """Garbage anywhere in a stream never raises, and only pings may be lost in it."""
    data = b"".join(PLAIN[:at]) + garbage + b"".join(PLAIN[at:])
    outcome, _ = read(data)
    assert isinstance(outcome, (Reply, Fault))
    if isinstance(outcome, Reply):
        assert outcome.text == "Guten Tag"


@pytest.mark.parametrize("reason", ["max_tokens", "refusal", "model_context_window_exceeded"])
def test_tool_input_may_end_in_the_middle_where_the_answer_does(reason):
    """A tool call cut by max_tokens is an answer that escalates, its input empty, its text kept."""
    tool = [opened(0, **TOOL), delta(0, "input_json_delta", partial_json='{"label": "a'), closed()]
    reply, _ = read(b"".join([start(), *tool, ended(reason), STOP]))
    assert isinstance(reply, Reply)
    assert reply.content[0]["input"] == {}
    assert reply.content[0]["partial_input"] == '{"label": "a'


def test_unknown_events_deltas_and_blocks_are_skipped():
    """What is newer than this version is no fault."""
    events = [
        start(), event("weather", mood=3), b'data: {"type": "future"}\n\n', b": comment\n\n",
        b"event: ping\n\n", b"event: ping\ndata: {}\n\n",
        opened(0, type="hologram", depth=1), delta(0, "depth_delta", depth=2),
        delta(0, text="x"), closed(0),
        opened(1), delta(1, "glow_delta", glow=1), delta(1, text="ok"), closed(1),
        ended("new_reason"), STOP, PING, b"data: [DONE]\n\n",
    ]  # fmt: skip
    reply, _ = read(b"".join(events))
    assert isinstance(reply, Reply)
    assert (reply.text, reply.stop_reason) == ("ok", "new_reason")
    assert reply.content[0] == {"type": "hologram", "depth": 1}


@pytest.mark.parametrize(
    "garbage", [b"event:", b"event: ", b"event: future\nx", b"event: ping\nx", b"event: x\n\n"]
)
@pytest.mark.parametrize("at", range(len(PLAIN)))
def test_a_broken_name_hides_no_piece_of_the_answer(garbage, at):
    """An event whose name is not its data's type is a fault, whichever event it is."""
    outcome, _ = read(b"".join([*PLAIN[:at], garbage, *PLAIN[at:]]))
    if isinstance(outcome, Reply):
        assert outcome.text == "Guten Tag"
    else:
        assert outcome.kind is FaultKind.BAD_STREAM


@pytest.mark.parametrize("field", [b"", b":", b"x"])
def test_an_event_without_its_data_is_a_fault(field):
    """A name of an event that carries the answer, and no data to it, is never skipped."""
    lost = PLAIN[3].replace(b"data:", field + b":", 1)
    outcome, _ = read(b"".join([*PLAIN[:3], lost, *PLAIN[4:]]))
    assert isinstance(outcome, Fault)
    assert outcome.kind is FaultKind.BAD_STREAM


def test_an_empty_name_leaves_the_type_to_the_data():
    """`event:` with nothing after it is as if it were not there."""
    reply, _ = read(b"".join(part.replace(b"event: ", b"event:\nx: ", 1) for part in PLAIN))
    assert isinstance(reply, Reply)
    assert reply.text == "Guten Tag"


def test_an_error_event_is_classed_by_its_type():
    """First of all events it is like its status; after text it is an interrupted stream."""
    error = event("error", error={"type": "overloaded_error", "message": "Overloaded"})
    first, _ = read(error)
    assert (first.kind, first.message, first.maybe_billed) == (
        FaultKind.OVERLOADED, "Overloaded", False,
    )  # fmt: skip
    late, pieces = read(b"".join([*PLAIN[:3], error]), 7)
    assert pieces == ["Guten "]
    assert (late.kind, late.error_type, late.text) == (
        FaultKind.STREAM_INTERRUPTED, "overloaded_error", "Guten ",
    )  # fmt: skip
    bare, _ = read(b'data: {"error": {"type": "rate_limit_error", "message": "slow"}}\n\n')
    assert bare.kind is FaultKind.RATE_LIMITED


def test_a_cut_stream_keeps_what_is_known_of_its_usage():
    """Input and cache counts are the API's, output is estimated from what was received."""
    text = "x" * 100
    fault, _ = read(b"".join([start(), opened(), delta(text=text)]))
    assert fault.usage == Usage(10, 40, cache_read_tokens=5)
    assert (fault.text, fault.maybe_billed) == (text, True)
    told, _ = read(b"".join(PLAIN[:-1]))
    assert told.usage == Usage(10, 7, cache_read_tokens=5)
    assert read(b"")[0].usage is None


@pytest.mark.parametrize(
    "usage", [{"output_tokens": -1}, {"output_tokens": "7"}, {"input_tokens": 10**18}]
)
def test_usage_that_is_not_plausible_is_unknown(usage):
    """A stream's answer is delivered, its malformed usage is not believed."""
    reply, _ = read(b"".join([*PLAIN[:-2], ended(**usage), STOP]))
    assert isinstance(reply, Reply)
    assert not reply.usage_known


def test_usage_is_unknown_where_the_end_never_told_it():
    """The count in message_start is a placeholder, not the bill."""
    last = event("message_delta", delta={"stop_reason": "end_turn"})
    reply, _ = read(b"".join([*PLAIN[:-2], last, STOP]))
    assert isinstance(reply, Reply)
    assert not reply.usage_known


def test_a_stream_beyond_its_bound_is_given_up():
    """The bytes of a stream are counted, pings included."""
    outcome, _ = read(PING * 100, 7, max_bytes=1_000)
    assert outcome.kind is FaultKind.BAD_RESPONSE


def test_a_transport_fault_after_the_end_spoils_nothing():
    """Once the answer is whole, a connection that hangs or breaks is of no account."""
    reader = EventReader(HEADERS, asked=ASKED)
    reader.feed(b"".join(PLAIN))
    cut = Fault(FaultKind.TIMEOUT, "late")
    assert isinstance(reader.outcome(cut=cut), Reply)
    unfinished = EventReader(HEADERS, asked=ASKED)
    unfinished.feed(b"".join(PLAIN[:4]))
    outcome = unfinished.outcome(cut=cut, relayed=False)
    assert (outcome.kind, outcome.message) == (FaultKind.TIMEOUT, "late")


def test_sse_details():
    """Data lines join, one space is stripped, a BOM and unknown fields are not seen."""
    decoder = SseDecoder()
    data = b"\xef\xbb\xbfevent: a\nid: 3\nretry: 9\ndata: x\ndata:  y\n\n"
    data += b"data\n\nevent: b\n\ndata:z\r\n\r\n"
    events = decoder.feed(data)
    assert [(one.name, one.data) for one in events] == [
        ("a", b"x\n y"), (None, b""), ("b", b""), (None, b"z"),
    ]  # fmt: skip
