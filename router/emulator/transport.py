"""The emulator as the router's own transport: no SDK, no sockets, time by the emulator's clock."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

from router.claude.transport import TransportFault, WireReply, WireRequest
from router.emulator.core import Emulator
from router.emulator.wire import EmulatedReply, Ending, json_bytes

__all__ = ["AsyncEmulatorTransport", "EmulatorTransport"]

_FAULTS: Mapping[Ending, tuple[str, str, bool]] = {
    Ending.REFUSED: ("connection", "cannot reach the emulator: connection refused", False),
    Ending.TLS: ("tls", "the emulator's certificate does not hold", False),
    Ending.RESET: ("reset", "the connection was closed before an answer", True),
    Ending.CUT: ("truncated_body", "the connection was closed in the middle of the answer", True),
}


class EmulatorTransport:
    """A blocking transport onto an emulator. Safe to use from several threads."""

    emulated = True
    takes_hints = True  # `x-router-task` and `x-router-tier`, for the script's rules

    def __init__(
        self, emulator: Emulator | None = None, *, sleep: Callable[[float], None] | None = None
    ) -> None:
        """`sleep` lets time pass for latencies and hangs; by default the emulator's clock does."""
        self.emulator = emulator or Emulator()
        self._sleep = sleep or self.emulator.clock.sleep

    def send(self, request: WireRequest) -> WireReply:
        """The whole answer, whatever its status. Raises TransportFault."""
        reply = _ask(self.emulator, request, stream=False)
        pieces = []
        for step in _steps(reply, request):
            if isinstance(step, bytes):
                pieces.append(step)
            elif step > 0:
                self._sleep(step)
        return WireReply(reply.status, reply.headers, b"".join(pieces))

    @contextmanager
    def stream(self, request: WireRequest) -> Iterator[_Stream]:
        """The answer as it comes. Raises TransportFault."""
        reply = _ask(self.emulator, request, stream=True)
        steps = _steps(reply, request)
        for step in steps:  # up to the status line, after which the first bytes come
            if step == b"":
                break
            if isinstance(step, float) and step > 0:
                self._sleep(step)
        yield _Stream(reply.status, reply.headers, steps, self._sleep)

    def close(self) -> None:
        """Nothing is held open."""


class AsyncEmulatorTransport:
    """An awaiting transport onto an emulator, bound to one event loop."""

    emulated = True
    takes_hints = True  # `x-router-task` and `x-router-tier`, for the script's rules

    def __init__(
        self,
        emulator: Emulator | None = None,
        *,
        sleep: Callable[[float], Awaitable[None]] | None = None,
    ) -> None:
        """`sleep` lets time pass for latencies and hangs; by default the emulator's clock does."""
        self.emulator = emulator or Emulator()
        self._sleep = sleep or self.emulator.clock.asleep

    async def send(self, request: WireRequest) -> WireReply:
        """The whole answer, whatever its status. Raises TransportFault."""
        reply = _ask(self.emulator, request, stream=False)
        pieces = []
        for step in _steps(reply, request):
            if isinstance(step, bytes):
                pieces.append(step)
            else:
                await self._sleep(step)
        return WireReply(reply.status, reply.headers, b"".join(pieces))

    @asynccontextmanager
    async def stream(self, request: WireRequest) -> AsyncIterator[_AsyncStream]:
        """The answer as it comes. Raises TransportFault."""
        reply = _ask(self.emulator, request, stream=True)
        steps = _steps(reply, request)
        for step in steps:
            if step == b"":
                break
            if isinstance(step, float):
                await self._sleep(step)
        yield _AsyncStream(reply.status, reply.headers, steps, self._sleep)

    async def close(self) -> None:
        """Nothing is held open."""


@dataclass(frozen=True, slots=True)
class _Stream:
    status: int
    headers: Mapping[str, str]
    _steps: Iterator[float | bytes]
    _sleep: Callable[[float], None]

    def chunks(self) -> Iterator[bytes]:
        for step in self._steps:
            if isinstance(step, bytes):
                yield step
            elif step > 0:
                self._sleep(step)


@dataclass(frozen=True, slots=True)
class _AsyncStream:
    status: int
    headers: Mapping[str, str]
    _steps: Iterator[float | bytes]
    _sleep: Callable[[float], Awaitable[None]]

    async def chunks(self) -> AsyncIterator[bytes]:
        for step in self._steps:
            if isinstance(step, bytes):
                yield step
            elif step > 0:
                await self._sleep(step)


def _ask(emulator: Emulator, request: WireRequest, *, stream: bool) -> EmulatedReply:
    body: dict[str, Any] = {**request.body, "stream": True} if stream else dict(request.body)
    return emulator.handle("POST", request.path, request.headers or {}, json_bytes(body))


def _steps(reply: EmulatedReply, request: WireRequest) -> Iterator[float | bytes]:
    """What a reader goes through: seconds to wait and bytes, `b""` for the status line.

    Raises:
        TransportFault: the connection breaks, the time limit is met, the body is too large.
    """
    left = request.timeout

    def wait(seconds: float) -> Iterator[float]:
        nonlocal left
        yield float(min(seconds, left))
        if seconds >= left:
            raise TransportFault(
                "timeout", f"no complete answer within {request.timeout:g} s", maybe_billed=True
            )
        left -= seconds

    yield from wait(reply.delay)
    if reply.ending is Ending.HANG:
        yield from wait(left)
    if not reply.answers:
        raise _broken(reply.ending)
    yield b""
    size = 0
    for delay, piece in reply.chunks():
        if delay > 0:
            yield from wait(delay)
        size += len(piece)
        if size > request.max_bytes:
            raise TransportFault(
                "bad_response",
                f"the answer is larger than {request.max_bytes} bytes",
                maybe_billed=True,
            )
        if piece:
            yield piece
    if reply.ending is Ending.STALL:
        yield from wait(left)
    if reply.ending is Ending.CUT:
        raise _broken(reply.ending)


def _broken(ending: Ending) -> TransportFault:
    kind, message, maybe_billed = _FAULTS[ending]
    return TransportFault(kind, message, maybe_billed=maybe_billed)
