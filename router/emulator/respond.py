"""From a reply of a script to an answer on the wire: bytes, their timing, and how it ends."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import formatdate
from typing import Any

from router.emulator.events import Event, encode_event, message_events
from router.emulator.replies import Answer, Fault, StreamFault
from router.emulator.wire import (
    ERROR_TYPES,
    EmulatedReply,
    Ending,
    error_body,
    json_bytes,
)

__all__ = ["answer_reply", "error_reply", "fault_reply", "json_reply"]

_STATUS_OF_TYPE = {kind: status for status, kind in sorted(ERROR_TYPES.items(), reverse=True)}
Piece = tuple[float, bytes]


def json_reply(value: Any, headers: Mapping[str, str], *, status: int = 200) -> EmulatedReply:
    body = json_bytes(value)
    return _whole(status, {**headers, "content-type": "application/json"}, ((0.0, body),))


def error_reply(
    status: int,
    message: str,
    headers: Mapping[str, str],
    *,
    kind: str | None = None,
    code: str | None = None,
) -> EmulatedReply:
    request_id = headers.get("request-id")
    body = error_body(status, message, kind=kind, code=code, request_id=request_id)
    return json_reply(body, headers, status=status)


def fault_reply(fault: Fault, headers: Mapping[str, str], now: float) -> EmulatedReply:
    """A fault as it looks on the wire. `now` (seconds since the epoch) dates a retry-after."""
    if fault.body is not None:
        sent = {**headers, "content-type": fault.content_type, **fault.headers}
        reply = _whole(fault.status, sent, ((0.0, fault.body),))
    else:
        reply = error_reply(fault.status, fault.message, headers, kind=fault.kind, code=fault.code)
        reply.headers.update(fault.headers)
    if fault.retry_after is not None:
        wait = fault.retry_after
        text = formatdate(now + wait, usegmt=True) if fault.as_date else f"{wait:g}"
        reply.headers["retry-after"] = text
    reply.ending = fault.ending
    reply.delay = fault.latency
    return reply


def answer_reply(
    answer: Answer, message: dict[str, Any], headers: Mapping[str, str], *, stream: bool
) -> EmulatedReply:
    """A message, whole or as events, with what the script lets go wrong on the way."""
    events = message_events(message)
    headers = {**headers, **answer.headers}
    if stream:
        reply = _streamed(answer, events, headers)
    else:
        reply = _whole_message(answer, message, len(events), headers)
    reply.delay += answer.latency
    return reply


def _whole_message(
    answer: Answer, message: dict[str, Any], events: int, headers: Mapping[str, str]
) -> EmulatedReply:
    went_wrong = answer.stream_fault or StreamFault()
    if went_wrong.error is not None:
        status = _STATUS_OF_TYPE.get(went_wrong.error, 500)
        return error_reply(status, went_wrong.message, headers, kind=went_wrong.error)
    body = json_bytes(message)
    sent = {**headers, "content-type": "application/json"}
    if went_wrong.after_events is not None and went_wrong.ending is Ending.COMPLETE:
        body = body[: len(body) // 2]
    reply = _whole(200, sent, _dripped(body, answer))
    if went_wrong.ending is not Ending.COMPLETE:
        reply.pieces = _first_half(reply.pieces, len(body))
        reply.ending = went_wrong.ending
    if not answer.drip:
        reply.delay = answer.pace * events
    return reply


def _streamed(answer: Answer, events: list[Event], headers: Mapping[str, str]) -> EmulatedReply:
    went_wrong = answer.stream_fault or StreamFault()
    if went_wrong.tamper is not None:
        events = went_wrong.tamper(events)
    if went_wrong.error is not None:
        error = error_body(
            200, went_wrong.message, kind=went_wrong.error, request_id=headers.get("request-id")
        )
        events = [*events[: went_wrong.after_events or 0], ("error", error)]
    elif went_wrong.after_events is not None:
        events = events[: went_wrong.after_events]
    elif went_wrong.ending is not Ending.COMPLETE:
        events = events[: len(events) // 2 + 1]
    if answer.drip:
        pieces = _dripped(b"".join(map(encode_event, events)), answer)
    else:
        pieces = tuple(
            (answer.pace if index else 0.0, encode_event(event))
            for index, event in enumerate(events)
        )
    if went_wrong.ending is Ending.CUT and went_wrong.after_events is None and pieces:
        # A connection breaks where it breaks: the last event comes through in part.
        delay, last = pieces[-1]
        pieces = (*pieces[:-1], (delay, last[: len(last) // 2]))
    sent = {**headers, "content-type": "text/event-stream; charset=utf-8"}
    sent["cache-control"] = "no-cache"
    return EmulatedReply(200, sent, pieces, ending=went_wrong.ending)


def _whole(status: int, headers: dict[str, str], pieces: tuple[Piece, ...]) -> EmulatedReply:
    size = sum(len(piece) for _, piece in pieces)
    return EmulatedReply(status, {**headers, "content-length": str(size)}, pieces, declared=size)


def _dripped(body: bytes, answer: Answer) -> tuple[Piece, ...]:
    step = answer.drip
    if step <= 0 or not body:
        return ((0.0, body),)
    return tuple((answer.pace, body[at : at + step]) for at in range(0, len(body), step))


def _first_half(pieces: tuple[Piece, ...], size: int) -> tuple[Piece, ...]:
    kept: list[Piece] = []
    left = size // 2
    for delay, piece in pieces:
        if left <= 0:
            break
        kept.append((delay, piece[:left]))
        left -= len(piece)
    return tuple(kept)
