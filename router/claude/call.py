"""One attempt from end to end: a Request goes out over a transport, an Outcome comes back.

Whatever the endpoint does, the outcome is a Reply or a typed Fault. Only a UsageError (a setting
that is missing, a model the platform lacks) is raised, before anything is sent.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator, Mapping
from contextlib import aclosing, closing
from typing import Any

from msgspec.structs import replace

from router.claude.events import EventReader
from router.claude.reader import read_body
from router.claude.transport import (
    AsyncTransport,
    Transport,
    TransportFault,
    WireReply,
    WireRequest,
)
from router.engine.effects import Fault, FaultKind, Outcome, Reply, Request
from router.types import TextDelta

__all__ = ["AsyncRelay", "Clock", "Relay", "aperform", "perform", "relay", "wire_request"]

Clock = Callable[[], float]
"""Seconds on a monotonic clock."""

# Above this the API answers in more than ten minutes, for which it asks for a stream: idle
# connections are cut on the way. Same bound as the SDK's own refusal.
_LONG_MAX_TOKENS = 21_333

_BODY_BYTES_PER_TOKEN = 64
_STREAM_BYTES_PER_TOKEN = 512  # each event brings its own envelope
_SPARE_BYTES = 1_048_576
_GRACE_SECONDS = 1.0  # for the end of a stream whose answer is whole


def perform(transport: Transport, request: Request, clock: Clock) -> Outcome:
    """Make one attempt and wait for its outcome.

    Raises:
        UsageError: the client cannot be built or the platform lacks the model; nothing was sent.
    """
    prepare = getattr(transport, "prepare", None)
    if prepare is not None:
        prepare()  # importing the SDK is no part of any attempt's time
    if _is_long(request):
        silent = Relay(transport, request, clock, relayed=False)
        for _ in silent:
            pass
        return silent.result()
    wire = wire_request(transport, request, stream=False)
    started = clock()
    try:
        reply = transport.send(wire)
    except TransportFault as fault:
        return _transport_fault(fault, transport, clock() - started)
    return _whole(transport, request, wire, reply, clock() - started)


async def aperform(transport: AsyncTransport, request: Request, clock: Clock) -> Outcome:
    """The same without blocking the event loop. Cancelling it closes the connection."""
    await _aprepare(transport)
    if _is_long(request):
        silent = AsyncRelay(transport, request, clock, relayed=False)
        async for _ in silent:
            pass
        return silent.result()
    wire = wire_request(transport, request, stream=False)
    started = clock()
    try:
        reply = await transport.send(wire)
    except TransportFault as fault:
        return _transport_fault(fault, transport, clock() - started)
    return _whole(transport, request, wire, reply, clock() - started)


def relay(
    transport: Transport, request: Request, clock: Clock
) -> Generator[TextDelta, None, Outcome]:
    """Make one attempt, passing text on as it comes; the outcome is the generator's result.

    Closing the generator closes the connection. A caller who wants to know what an abandoned
    attempt had used iterates over a `Relay` instead.
    """
    attempt = Relay(transport, request, clock)
    try:
        yield from attempt
    finally:
        attempt.close()
    return attempt.result()


class _Attempt:
    """What the blocking and the awaiting relay share: everything but the waiting."""

    def __init__(self, transport: Any, request: Request, clock: Clock, *, relayed: bool) -> None:
        self.request = request
        self.outcome: Outcome | None = None  # set when the iteration ends, however it ends
        self._transport = transport
        self._clock = clock
        self._wire = wire_request(transport, request, stream=True)
        self._relays = relayed
        self._relayed = False
        self._started = clock()
        self._first_token: float | None = None
        self._latency: float | None = None  # once the answer is whole
        self._reader: EventReader | None = None
        self._begun = False  # something may have been sent

    def result(self) -> Outcome:
        """The outcome of a finished iteration."""
        if self.outcome is None:
            raise RuntimeError("the relay has not been iterated to its end")
        return self.outcome

    def _reads_events(self, status: int, headers: Mapping[str, str]) -> EventReader | None:
        """A reader for the stream, None where the answer is none."""
        if not 200 <= status < 300 or "text/event-stream" not in headers.get("content-type", ""):
            return None
        self._reader = EventReader(
            headers,
            status=status,
            asked=self.request.body,
            emulated=self._transport.emulated,
            secrets=_secrets(self._transport),
            max_bytes=self._wire.max_bytes,
        )
        return self._reader

    def _pieces(self, reader: EventReader, chunk: bytes) -> list[TextDelta]:
        pieces = reader.feed(chunk)
        if pieces and self._first_token is None:
            self._first_token = self._clock() - self._started
        if not self._relays:
            return []
        return [TextDelta(piece, self.request.tier) for piece in pieces]

    def _note_end(self, reader: EventReader, stream: Any) -> None:
        """A whole answer is worth a moment's wait for the end of its stream, which keeps the
        connection for the next one; transports without the means are read as they are."""
        if reader.complete and self._latency is None:
            self._latency = self._clock() - self._started
            shorten = getattr(stream, "shorten", None)
            if shorten is not None:
                shorten(_GRACE_SECONDS)

    def _end(self, cut: TransportFault | None = None) -> None:
        """Settle the outcome of a stream, or of an attempt that never became one."""
        latency = self._clock() - self._started if self._latency is None else self._latency
        if self._reader is None:
            if cut is not None:
                self.outcome = _transport_fault(cut, self._transport, latency)
            return
        outcome = self._reader.outcome(
            cut=None if cut is None else _transport_fault(cut, self._transport, latency),
            latency=latency,
            first_token=self._first_token,
            relayed=self._relayed,
        )
        self.outcome = _pinned(outcome, self.request, self._wire)

    def _whole(self, status: int, headers: Mapping[str, str], body: bytes) -> list[TextDelta]:
        """The outcome of an answer that came as one body, an error's or a whole message's."""
        latency = self._clock() - self._started
        reply = WireReply(status, headers, body)
        outcome = _whole(self._transport, self.request, self._wire, reply, latency)
        self.outcome = outcome
        if not isinstance(outcome, Reply):
            return []
        passed_on = self._relays and bool(outcome.text)
        self.outcome = replace(
            outcome,
            ignored=(*outcome.ignored, "stream"),
            first_token=latency,
            relayed=passed_on,
        )
        return [TextDelta(outcome.text, self.request.tier)] if passed_on else []

    def _abandon(self) -> None:
        """The caller gave up: what is known by now is kept for the account."""
        if self.outcome is None:
            abandoned = TransportFault(
                FaultKind.STREAM_INTERRUPTED, "given up by the caller", maybe_billed=self._begun
            )
            self._end(abandoned)


class Relay(_Attempt):
    """An attempt whose text is iterated over; `outcome` is there when the iteration has ended.

    Also when it was ended early, by `close()`: the outcome is then a fault with what the attempt
    had used and said by then.
    """

    def __init__(
        self, transport: Transport, request: Request, clock: Clock, *, relayed: bool = True
    ) -> None:
        super().__init__(transport, request, clock, relayed=relayed)
        self._deltas = self._run()

    def __iter__(self) -> Iterator[TextDelta]:
        return self._deltas

    def close(self) -> None:
        """Close the connection and settle the outcome, if that has not happened yet."""
        self._deltas.close()
        self._abandon()

    def _run(self) -> Generator[TextDelta, None, None]:
        prepare = getattr(self._transport, "prepare", None)
        if prepare is not None:
            prepare()
        self._started = self._clock()
        self._begun = True
        try:
            with self._transport.stream(self._wire) as stream:
                reader = self._reads_events(stream.status, stream.headers)
                with closing(_generator(stream.chunks())) as chunks:
                    if reader is None:
                        body = b"".join(chunks)
                        yield from self._whole(stream.status, stream.headers, body)
                        return
                    for chunk in chunks:
                        for delta in self._pieces(reader, chunk):
                            self._relayed = True
                            yield delta
                        if reader.failed:
                            break
                        self._note_end(reader, stream)
        except TransportFault as fault:
            self._end(fault)
        else:
            self._end()


class AsyncRelay(_Attempt):
    """The same for `async for`; close it with `aclose()`."""

    def __init__(
        self, transport: AsyncTransport, request: Request, clock: Clock, *, relayed: bool = True
    ) -> None:
        super().__init__(transport, request, clock, relayed=relayed)
        self._deltas = self._run()

    def __aiter__(self) -> AsyncIterator[TextDelta]:
        return self._deltas

    async def aclose(self) -> None:
        """Close the connection and settle the outcome, if that has not happened yet."""
        try:
            await self._deltas.aclose()
        finally:
            self._abandon()

    async def _run(self) -> AsyncGenerator[TextDelta, None]:
        await _aprepare(self._transport)
        self._started = self._clock()
        self._begun = True
        try:
            async with self._transport.stream(self._wire) as stream:
                reader = self._reads_events(stream.status, stream.headers)
                async with aclosing(_async_generator(stream.chunks())) as chunks:
                    if reader is None:
                        body = b"".join([chunk async for chunk in chunks])
                        for delta in self._whole(stream.status, stream.headers, body):
                            yield delta
                        return
                    async for chunk in chunks:
                        for delta in self._pieces(reader, chunk):
                            self._relayed = True
                            yield delta
                        if reader.failed:
                            break
                        self._note_end(reader, stream)
        except TransportFault as fault:
            self._end(fault)
        else:
            self._end()


async def _aprepare(transport: Any) -> None:
    prepare = getattr(transport, "prepare", None)
    if prepare is not None:
        await prepare()


def wire_request(transport: Any, request: Request, *, stream: bool) -> WireRequest:
    """What goes over the wire for a request: the platform's model name, headers and bounds.

    Raises:
        UsageError: the platform does not offer the model.
    """
    body = request.body
    named = getattr(transport, "model_name", None)
    if named is not None:
        name = named(request.model)
        if name != body.get("model"):
            body = {**body, "model": name}
    headers: dict[str, str] | None = None
    if request.betas:
        headers = {"anthropic-beta": ",".join(request.betas)}
    # The emulator's scripts go by task and tier, which nothing on the API's wire names; no
    # transport to an endpoint takes hints.
    if getattr(transport, "takes_hints", False):
        headers = {**(headers or {}), "x-router-task": request.task, "x-router-tier": request.tier}
    limit = body.get("max_tokens")
    tokens = limit if isinstance(limit, int) and limit > 0 else 0
    each = _STREAM_BYTES_PER_TOKEN if stream else _BODY_BYTES_PER_TOKEN
    return WireRequest(
        body=body,
        timeout=request.timeout,
        headers=headers,
        max_bytes=tokens * each + _SPARE_BYTES,
    )


def _is_long(request: Request) -> bool:
    limit = request.body.get("max_tokens")
    return isinstance(limit, int) and limit > _LONG_MAX_TOKENS


def _whole(
    transport: Any, request: Request, wire: WireRequest, reply: WireReply, latency: float
) -> Outcome:
    outcome = read_body(
        reply.status,
        reply.headers,
        reply.body,
        asked=request.body,
        emulated=transport.emulated,
        latency=latency,
        secrets=_secrets(transport),
    )
    return _pinned(outcome, request, wire)


def _pinned(outcome: Outcome, request: Request, wire: WireRequest) -> Outcome:
    """The outcome under the pin's own name, where the platform calls the model otherwise."""
    name = wire.body.get("model")
    if name != request.model and isinstance(outcome, Reply) and outcome.model == name:
        return replace(outcome, model=request.model)
    return outcome


def _transport_fault(fault: TransportFault, transport: Any, latency: float) -> Fault:
    try:
        kind = FaultKind(fault.kind)
    except ValueError:
        kind = FaultKind.BAD_RESPONSE
    return Fault(
        kind=kind,
        message=fault.message,
        maybe_billed=fault.maybe_billed,
        latency=latency,
        emulated=transport.emulated,
    )


def _secrets(transport: Any) -> tuple[str, ...]:
    secrets: tuple[str, ...] = getattr(transport, "secrets", ())
    return secrets


def _generator(chunks: Iterator[bytes]) -> Generator[bytes, None, None]:
    """Chunks that can be closed before their end, whatever the transport gave."""
    if isinstance(chunks, Generator):
        return chunks
    return (chunk for chunk in chunks)


def _async_generator(chunks: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    if isinstance(chunks, AsyncGenerator):
        return chunks
    return (chunk async for chunk in chunks)
