"""The strict reader for event streams.

A stream is believed only if it tells its whole story in order: message_start, blocks that open,
grow and close one after the other, message_delta with a stop reason, message_stop. What is cut,
doubled, swapped or missing is a fault, whatever the chunks it came in. Unknown types of event,
delta and block are skipped, as the API asks of its clients; an event only where its name and its
data agree on the type, for a broken name must not hide a piece of the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from math import ceil
from typing import Any

import msgspec

from router.claude.blocks import BadBlock, GrowingBlock
from router.claude.faults import error_event_fault, is_emulated, request_id
from router.claude.reader import blocks_problem, make_reply
from router.claude.sse import ServerEvent, SseDecoder
from router.claude.usage import usage_from_mapping
from router.engine.effects import Fault, FaultKind, Outcome
from router.types import Usage

__all__ = ["EventReader"]

# Where the answer was cut on purpose, tool input may end in the middle: the engine escalates.
_CUT_SHORT = frozenset({"max_tokens", "model_context_window_exceeded", "refusal", "pause_turn"})
_CHARACTERS_PER_TOKEN = 2.5  # current tokenizers; for an estimate of what a cut stream cost
_PING = "ping"  # keeps the connection alive; some compatible servers give it no type, or no data
_DONE = b"[DONE]"  # what some compatible servers add after the end


class _Bad(Exception):
    """The stream breaks its protocol; the message is ours and quotes nothing."""


class EventReader:
    """Reads one stream. `feed` it bytes, then ask for the `outcome`; neither ever raises."""

    def __init__(
        self,
        headers: Mapping[str, str],
        *,
        status: int = 200,
        asked: Mapping[str, Any] | None = None,
        emulated: bool = False,
        secrets: Iterable[str] = (),
        max_bytes: int = 16_777_216,
    ) -> None:
        """
        Args:
            headers: the answer's headers, names in lower case.
            status: HTTP status, within 200..299.
            asked: the request's body, to judge the usage by and to see what was ignored.
            emulated: the answer is not a real model's.
            secrets: values that must not appear in a fault.
            max_bytes: the stream is given up when it grows beyond.
        """
        self._headers = headers
        self._status = status
        self._asked = asked
        self._emulated = emulated or is_emulated(headers)
        self._secrets = tuple(secrets)
        self._room = max_bytes
        self._decoder = SseDecoder()
        self._failure: Fault | None = None
        self._message: dict[str, Any] | None = None
        self._usage: dict[str, Any] = {}
        self._told_output = False  # a message_delta has brought the real count of output tokens
        self._blocks: list[Mapping[str, Any]] = []
        self._open: GrowingBlock | None = None
        self._broken_input: str | None = None
        self._characters = 0
        self._text: list[str] = []
        self._stop_reason: str | None = None
        self._stop_details: dict[str, Any] | None = None
        self._complete = False
        self._steps: dict[str, Callable[[dict[str, Any]], str]] = {
            "message_start": self._message_start,
            "content_block_start": self._block_start,
            "content_block_delta": self._block_delta,
            "content_block_stop": self._block_stop,
            "message_delta": self._message_delta,
            "message_stop": self._message_stop,
            "error": self._error,
        }

    @property
    def complete(self) -> bool:
        """Whether the answer is whole. What still comes can only spoil it."""
        return self._complete and self._failure is None

    @property
    def failed(self) -> bool:
        """Whether reading on is in vain."""
        return self._failure is not None

    @property
    def text(self) -> str:
        """The answer's text so far."""
        return "".join(self._text)

    def feed(self, chunk: bytes) -> list[str]:
        """Take bytes as they came and give the pieces of text they complete.

        After a fault nothing more is given, nor what came in the same chunk before it: text
        that has not been passed on leaves the way to another attempt open.
        """
        if self._failure is not None:
            return []
        self._room -= len(chunk)
        if self._room < 0:
            self._fail(FaultKind.BAD_RESPONSE, "the stream is larger than the limit")
            return []
        pieces: list[str] = []
        for event in self._decoder.feed(chunk):
            piece = self._take(event)
            if self.failed:
                return []
            if piece:
                pieces.append(piece)
        return pieces

    def outcome(
        self,
        *,
        cut: Fault | None = None,
        latency: float = 0.0,
        first_token: float | None = None,
        relayed: bool = False,
    ) -> Outcome:
        """The answer, or the fault, now that nothing more will come.

        Args:
            cut: why nothing more will come, if the body did not end by itself.
            latency: seconds the attempt took.
            first_token: seconds to the first piece of the answer.
            relayed: text was passed on; the fault then says that the stream was interrupted.
        """
        if self._failure is None and self._complete:
            return self._reply(latency, first_token, relayed)
        fault = self._failure or cut or self._ended_early()
        kind = fault.kind
        if relayed and kind is not FaultKind.BAD_STREAM:
            kind = FaultKind.STREAM_INTERRUPTED
        return msgspec.structs.replace(
            fault,
            kind=kind,
            status=self._status,
            request_id=fault.request_id or request_id(self._headers, self._secrets),
            maybe_billed=fault.maybe_billed or self._message is not None,
            usage=self.partial_usage(),
            text=self.text,
            latency=latency,
            first_token=first_token,
            relayed=relayed,
            emulated=self._emulated,
        )

    def partial_usage(self) -> Usage | None:
        """What is known of a stream that is not whole; None before its first event.

        Input and cache counts are the API's. The output count is the API's once message_delta
        has come, and estimated from what was received before that.
        """
        if self._message is None:
            return None
        read = usage_from_mapping(self._usage, self._asked)
        if not read.known:
            return None
        if self._told_output:
            return read.usage
        seen = self._characters + (self._open.characters if self._open is not None else 0)
        estimate = ceil(seen / _CHARACTERS_PER_TOKEN)
        return replace(read.usage, output_tokens=max(read.usage.output_tokens, estimate))

    # --- one event -----------------------------------------------------------------------

    def _take(self, event: ServerEvent) -> str:
        """The text an event adds. Never raises: what is wrong becomes the failure."""
        name = event.name
        if name == _PING and not event.data:
            return ""
        if self._complete and event.data.strip() == _DONE:
            return ""
        try:
            payload = msgspec.json.decode(event.data)
        except (ValueError, RecursionError):
            self._fail(FaultKind.BAD_STREAM, "an event whose data is not JSON")
            return ""
        if not isinstance(payload, dict):
            self._fail(FaultKind.BAD_STREAM, "an event whose data is no object")
            return ""
        kind = payload.get("type")
        if kind is None and isinstance(payload.get("error"), dict):
            kind = "error"
        if name == _PING and kind is None:
            return ""
        if name is not None and kind != name:
            self._fail(FaultKind.BAD_STREAM, "an event whose name and type differ")
            return ""
        step = self._steps.get(kind) if isinstance(kind, str) else None
        if step is None:
            if not isinstance(kind, str):
                self._fail(FaultKind.BAD_STREAM, "an event without a type")
            return ""
        try:
            if self._complete:
                raise _Bad("an event after message_stop")
            return step(payload)
        except (_Bad, BadBlock) as error:
            self._fail(FaultKind.BAD_STREAM, str(error))
            return ""

    def _message_start(self, payload: dict[str, Any]) -> str:
        if self._message is not None:
            raise _Bad("message_start twice")
        message = payload.get("message")
        if (
            not isinstance(message, dict)
            or message.get("type") != "message"
            or message.get("role", "assistant") != "assistant"
            or not all(isinstance(message.get(k), str) and message[k] for k in ("id", "model"))
            or message.get("content", []) != []
        ):
            raise _Bad("a message_start without a proper message")
        self._message = message
        usage = message.get("usage")
        if isinstance(usage, dict):
            self._usage = dict(usage)
        return ""

    def _block_start(self, payload: dict[str, Any]) -> str:
        self._within_message()
        if self._open is not None:
            raise _Bad("a content block opened inside another")
        self._at(payload, len(self._blocks))
        self._open = GrowingBlock(payload.get("content_block"))
        text = self._open.opening_text()
        if text:
            self._text.append(text)
        return text

    def _block_delta(self, payload: dict[str, Any]) -> str:
        self._within_message()
        if self._open is None:
            raise _Bad("a delta outside any content block")
        self._at(payload, len(self._blocks))
        text = self._open.grow(payload.get("delta"))
        if text:
            self._text.append(text)
        return text

    def _block_stop(self, payload: dict[str, Any]) -> str:
        self._within_message()
        if self._open is None:
            raise _Bad("content_block_stop without an open block")
        self._at(payload, len(self._blocks))
        block, broken = self._open.finish()
        self._characters += self._open.characters
        self._blocks.append(block)
        self._broken_input = self._broken_input or broken
        self._open = None
        return ""

    def _message_delta(self, payload: dict[str, Any]) -> str:
        if self._message is None:
            raise _Bad("message_delta before message_start")
        if self._open is not None:
            raise _Bad("message_delta while a content block is open")
        delta = payload.get("delta")
        if not isinstance(delta, dict):
            raise _Bad("a message_delta without a delta")
        reason = delta.get("stop_reason")
        if reason is not None:
            if not isinstance(reason, str) or not reason:
                raise _Bad("a stop_reason that is none")
            if self._stop_reason not in (None, reason):
                raise _Bad("two different stop reasons")
            self._stop_reason = reason
        details = delta.get("stop_details")
        if isinstance(details, dict):
            self._stop_details = details
        usage = payload.get("usage")
        if isinstance(usage, dict):
            self._add_usage(usage)
        return ""

    def _add_usage(self, usage: dict[str, Any]) -> None:
        """Counts in message_delta are totals so far; what it leaves out stays as it was."""
        told = {name: value for name, value in usage.items() if value is not None}
        if "cache_creation_input_tokens" in told and "cache_creation" not in told:
            before = self._usage.get("cache_creation_input_tokens")
            if before != told["cache_creation_input_tokens"]:
                self._usage.pop("cache_creation", None)
        self._usage.update(told)
        self._told_output = self._told_output or "output_tokens" in told

    def _message_stop(self, payload: dict[str, Any]) -> str:
        if self._message is None:
            raise _Bad("message_stop before message_start")
        if self._open is not None:
            raise _Bad("message_stop while a content block is open")
        if self._stop_reason is None:
            raise _Bad("message_stop without a stop_reason")
        if self._broken_input is not None and self._stop_reason not in _CUT_SHORT:
            raise _Bad(self._broken_input)
        problem = blocks_problem(self._blocks)
        if problem is not None:
            raise _Bad(problem)
        self._complete = True
        return ""

    def _error(self, payload: dict[str, Any]) -> str:
        error = payload.get("error")
        self._failure = error_event_fault(
            error if isinstance(error, dict) else {},
            self._headers,
            status=self._status,
            secrets=self._secrets,
        )
        return ""

    # --- helpers -------------------------------------------------------------------------

    def _within_message(self) -> None:
        if self._message is None:
            raise _Bad("a content block before message_start")
        if self._stop_reason is not None:
            raise _Bad("a content block after the stop_reason")

    def _at(self, payload: dict[str, Any], index: int) -> None:
        given = payload.get("index")
        if type(given) is not int or given != index:
            raise _Bad("a content block index out of order")

    def _fail(self, kind: FaultKind, message: str) -> None:
        self._failure = Fault(kind=kind, message=message, maybe_billed=True)

    def _ended_early(self) -> Fault:
        if self._message is None:
            what = "the stream ended before its first event"
        elif self._stop_reason is None:
            what = "the stream ended without a stop_reason"
        else:
            what = "the stream ended without message_stop"
        return Fault(kind=FaultKind.TRUNCATED_BODY, message=what, maybe_billed=True)

    def _reply(self, latency: float, first_token: float | None, relayed: bool) -> Outcome:
        message = self._message or {}
        read = usage_from_mapping(self._usage, self._asked)
        if not self._told_output:
            read = msgspec.structs.replace(read, usage=Usage(), known=False)
        return make_reply(
            self._headers,
            id=message["id"],
            model=message["model"],
            content=self._blocks,
            stop_reason=self._stop_reason or "",
            stop_details=self._stop_details,
            read=read,
            asked=self._asked,
            status=self._status,
            latency=latency,
            first_token=first_token,
            emulated=self._emulated,
            relayed=relayed,
            secrets=self._secrets,
        )
