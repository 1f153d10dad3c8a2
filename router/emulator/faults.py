"""The faults by name: what each looks like on the wire.

The names are those of `FaultKind` where a fault is known to the router by one, so that a test
says `fault("overloaded")` and expects a fault of kind `overloaded`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from router.emulator.replies import Answer, Fault, Item, StreamFault, reply
from router.emulator.wire import Ending, json_bytes

__all__ = ["BODIES", "FAULTS", "TAMPERINGS", "fault", "raw"]

Events = list[tuple[str, dict[str, Any]]]


def fault(name: str, **options: Any) -> Item:
    """A fault by name; `FAULTS` lists them.

    HTTP faults take `retry_after` (seconds), `as_date`, `message`, `code`, `headers`, `latency`;
    faults in the middle of an answer take `answer` (what was being said) and `after_events`;
    `bad_response` takes `body` (see `BODIES`), `bad_stream` takes `how` (see `TAMPERINGS`).

    Raises:
        ValueError: an unknown name.
        TypeError: an option that this fault does not have.
    """
    make = FAULTS.get(name)
    if make is None:
        raise ValueError(f"unknown fault {name!r}; one of: {', '.join(sorted(FAULTS))}")
    return make(**options)


def raw(
    body: bytes,
    *,
    status: int = 200,
    content_type: str = "application/json",
    headers: Mapping[str, str] | None = None,
    latency: float = 0.0,
) -> Fault:
    """Any bytes under any status, for answers that are none."""
    return Fault(
        status=status, body=body, content_type=content_type, headers=headers or {}, latency=latency
    )


def _http(status: int, message: str, **fixed: Any) -> Callable[..., Item]:
    def make(**options: Any) -> Item:
        return Fault(**{"status": status, "message": message, **fixed, **options})

    return make


def _page(status: int, body: bytes, content_type: str) -> Callable[..., Item]:
    """What a proxy in front of the API answers: no JSON, no request id of the API."""

    def make(**options: Any) -> Item:
        return Fault(**{"status": status, "body": body, "content_type": content_type, **options})

    return make


def _connection(ending: Ending) -> Callable[..., Item]:
    def make(*, latency: float = 0.0) -> Item:
        return Fault(ending=ending, latency=latency)

    return make


def _midway(**fixed: Any) -> Callable[..., Item]:
    """A fault in the middle of an answer."""

    def make(*, answer: Any = None, **options: Any) -> Item:
        item = answer if isinstance(answer, Answer) else reply(answer)
        return item.with_fault(StreamFault(**{**fixed, **options}))

    return make


def _stream_error(
    *,
    answer: Any = None,
    kind: str = "overloaded_error",
    message: str = "Overloaded",
    after_events: int = 0,
) -> Item:
    item = answer if isinstance(answer, Answer) else reply(answer)
    return item.with_fault(StreamFault(error=kind, message=message, after_events=after_events))


def _bad_response(*, body: str | bytes = "truncated_json", latency: float = 0.0) -> Item:
    if isinstance(body, bytes):
        return raw(body, latency=latency)
    if body not in BODIES:
        raise ValueError(f"unknown body {body!r}; one of: {', '.join(sorted(BODIES))}")
    return raw(BODIES[body](), latency=latency)


def _bad_stream(*, how: str = "doubled", answer: Any = None) -> Item:
    if how not in TAMPERINGS:
        raise ValueError(f"unknown tampering {how!r}; one of: {', '.join(sorted(TAMPERINGS))}")
    item = answer if isinstance(answer, Answer) else reply(answer)
    return item.with_fault(StreamFault(tamper=TAMPERINGS[how]))


def _message(**changes: Any) -> bytes:
    message = {
        "id": "msg_emulated_malformed",
        "type": "message",
        "role": "assistant",
        "model": "claude-emulated",
        "content": [{"type": "text", "text": "[emulated]"}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 1, "output_tokens": 1},
    }
    return json_bytes({**message, **changes})


_HTML = b"<html><head><title>502 Bad Gateway</title></head><body>Bad Gateway</body></html>"

# Bodies under status 200 that must never be taken for an answer.
BODIES: Mapping[str, Callable[[], bytes]] = {
    "truncated_json": lambda: _message()[:-40],
    "html": lambda: _HTML,
    "empty": lambda: b"",
    "null": lambda: b"null",
    "list": lambda: b"[]",
    "string": lambda: b'"ok"',
    "nan": lambda: _message().replace(b'"input_tokens":1', b'"input_tokens":NaN'),
    "invalid_utf8": lambda: _message().replace(b"[emulated]", b"\xff\xfe\xfd"),
    "deep": lambda: b"[" * 20_000 + b"]" * 20_000,
    "doubled": lambda: _message() + _message(),
    "error": lambda: json_bytes(
        {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    ),
    "no_content": lambda: _message(content=None),
    "huge": lambda: _message(content=[{"type": "text", "text": "a" * 20_000_000}]),
}


def _after_stop(events: Events) -> Events:
    delta = (
        "content_block_delta",
        {
            "type": "content_block_delta",
            "index": 0,
            "delta": {"type": "text_delta", "text": "late"},
        },
    )
    return [*events, delta]


def _swapped(events: Events) -> Events:
    """The first two content events of a block in the wrong order."""
    at = next((i for i, (name, _) in enumerate(events) if name == "content_block_start"), 0)
    rest = events[at:]
    if len(rest) < 2:
        return events[::-1]
    delta = next((i for i, (name, _) in enumerate(rest) if name == "content_block_delta"), 1)
    return [*events[:at], rest[delta], *rest[:delta], *rest[delta + 1 :]]


def _unknown_index(events: Events) -> Events:
    return [
        (name, {**data, "index": 7}) if name == "content_block_delta" else (name, data)
        for name, data in events
    ]


def _without(*names: str) -> Callable[[Events], Events]:
    return lambda events: [event for event in events if event[0] not in names]


def _unknown_event(events: Events) -> Events:
    """Not a fault: the API may add types of events at any time, and readers skip them."""
    return [events[0], ("novelty", {"type": "novelty", "value": 1}), *events[1:]]


# Streams that are out of order, doubled or incomplete.
TAMPERINGS: Mapping[str, Callable[[Events], Events]] = {
    "doubled": lambda events: [event for event in events for _ in range(2)],
    "swapped": _swapped,
    "no_start": _without("message_start"),
    "no_block_start": _without("content_block_start"),
    "no_block_stop": _without("content_block_stop"),
    "no_delta": _without("message_delta"),
    "no_stop": _without("message_stop"),
    "late": _after_stop,
    "unknown_index": _unknown_index,
    "unknown_event": _unknown_event,
    "empty": lambda _: [],
}

_LIMIT = "This request would exceed your organization's rate limit"
_SPENT = "The monthly spend limit of this organization has been reached"

FAULTS: Mapping[str, Callable[..., Item]] = {
    "rate_limited": _http(429, _LIMIT),
    "ramp_limited": _http(429, "Usage grows too fast", code="ramp_limit_exceeded"),
    "spend_limit": _http(429, _SPENT, code="enforced_spend_limit_reached"),
    "overloaded": _http(529, "Overloaded"),
    "server_error": _http(500, "Internal server error"),
    "bad_gateway": _page(502, _HTML, "text/html"),
    "unavailable": _page(503, b"upstream connect error", "text/plain"),
    "gateway_timeout": _http(504, "The request timed out"),
    "request_timeout": _http(408, "The request timed out"),
    "conflict": _http(409, "The request conflicts with another"),
    "auth": _http(401, "invalid x-api-key"),
    "billing": _http(402, "The account has a billing problem"),
    "permission": _http(403, "This key may not use the requested resource"),
    "not_found": _http(404, "The requested resource does not exist"),
    "too_large": _http(413, "Request exceeds the maximum size"),
    "invalid_request": _http(400, "The request is invalid"),
    "connection": _connection(Ending.REFUSED),
    "tls": _connection(Ending.TLS),
    "reset": _connection(Ending.RESET),
    "timeout": _connection(Ending.HANG),
    "truncated_body": _midway(ending=Ending.CUT),
    "stalled": _midway(ending=Ending.STALL),
    "early_end": _midway(after_events=4),
    "stream_error": _stream_error,
    "bad_response": _bad_response,
    "bad_stream": _bad_stream,
}
