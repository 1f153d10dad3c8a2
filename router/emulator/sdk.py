"""The emulator behind the real SDK, as a transport of httpx2.

    client = anthropic.Anthropic(
        api_key="none", http_client=httpx2.Client(transport=emulator_transport(emulator))
    )

Only httpx2 is imported here, and only when a transport is made; the SDK is the caller's.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from router.emulator.wire import EmulatedReply, Ending

if TYPE_CHECKING:
    import httpx2

    from router.emulator.core import Emulator

__all__ = ["async_emulator_transport", "emulator_transport"]


def emulator_transport(emulator: Emulator) -> httpx2.BaseTransport:
    """A transport for `httpx2.Client`. Time passes by the emulator's clock."""
    blocking, _ = _classes()
    transport: httpx2.BaseTransport = blocking(emulator)
    return transport


def async_emulator_transport(emulator: Emulator) -> httpx2.AsyncBaseTransport:
    """A transport for `httpx2.AsyncClient`. Time passes by the emulator's clock."""
    _, awaiting = _classes()
    transport: httpx2.AsyncBaseTransport = awaiting(emulator)
    return transport


def _failure(reply: EmulatedReply, request: httpx2.Request) -> Exception:
    import httpx2

    match reply.ending:
        case Ending.REFUSED:
            return httpx2.ConnectError("[Errno 111] Connection refused", request=request)
        case Ending.TLS:
            text = "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed"
            return httpx2.ConnectError(text, request=request)
        case Ending.RESET:
            text = "Server disconnected without sending a response."
            return httpx2.RemoteProtocolError(text, request=request)
        case Ending.CUT:
            text = "peer closed connection without sending complete message body"
            return httpx2.RemoteProtocolError(text, request=request)
        case _:
            return httpx2.ReadTimeout("The read operation timed out", request=request)


def _read_timeout(request: httpx2.Request) -> float:
    timeout = request.extensions.get("timeout") or {}
    read = timeout.get("read")
    return float("inf") if read is None else float(read)


@lru_cache(maxsize=1)
def _classes() -> tuple[type[Any], type[Any]]:
    """Made on first use: their bases are httpx2's, which is not imported before."""
    import httpx2

    class _Body(httpx2.SyncByteStream):
        def __init__(self, reply: EmulatedReply, request: httpx2.Request, clock: Any) -> None:
            self._reply, self._request, self._clock = reply, request, clock

        def __iter__(self) -> Iterator[bytes]:
            limit = _read_timeout(self._request)
            for delay, piece in self._reply.chunks():
                if delay:
                    self._clock.sleep(min(delay, limit))
                if delay > limit:
                    raise httpx2.ReadTimeout("timed out", request=self._request)
                yield piece
            if self._reply.ending is Ending.STALL:
                self._clock.sleep(limit)
            if self._reply.ending is not Ending.COMPLETE:
                raise _failure(self._reply, self._request)

    class _AsyncBody(httpx2.AsyncByteStream):
        def __init__(self, reply: EmulatedReply, request: httpx2.Request, clock: Any) -> None:
            self._reply, self._request, self._clock = reply, request, clock

        async def __aiter__(self) -> AsyncIterator[bytes]:
            limit = _read_timeout(self._request)
            for delay, piece in self._reply.chunks():
                if delay:
                    await self._clock.asleep(min(delay, limit))
                if delay > limit:
                    raise httpx2.ReadTimeout("timed out", request=self._request)
                yield piece
            if self._reply.ending is Ending.STALL:
                await self._clock.asleep(limit)
            if self._reply.ending is not Ending.COMPLETE:
                raise _failure(self._reply, self._request)

    class EmulatorHTTPTransport(httpx2.BaseTransport):
        def __init__(self, emulator: Emulator) -> None:
            self._emulator = emulator

        def handle_request(self, request: httpx2.Request) -> httpx2.Response:
            reply = _ask(self._emulator, request, request.read())
            clock, limit = self._emulator.clock, _read_timeout(request)
            wait = limit if reply.ending is Ending.HANG else reply.delay
            clock.sleep(min(wait, limit))
            if wait > limit or not reply.answers:
                raise _timed_out_or(reply, request, late=wait > limit)
            body = _Body(reply, request, clock)
            return httpx2.Response(reply.status, headers=reply.headers, stream=body)

    class AsyncEmulatorHTTPTransport(httpx2.AsyncBaseTransport):
        def __init__(self, emulator: Emulator) -> None:
            self._emulator = emulator

        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            reply = _ask(self._emulator, request, await request.aread())
            clock, limit = self._emulator.clock, _read_timeout(request)
            wait = limit if reply.ending is Ending.HANG else reply.delay
            await clock.asleep(min(wait, limit))
            if wait > limit or not reply.answers:
                raise _timed_out_or(reply, request, late=wait > limit)
            body = _AsyncBody(reply, request, clock)
            return httpx2.Response(reply.status, headers=reply.headers, stream=body)

    return EmulatorHTTPTransport, AsyncEmulatorHTTPTransport


def _timed_out_or(reply: EmulatedReply, request: httpx2.Request, *, late: bool) -> Exception:
    if late:
        import httpx2

        return httpx2.ReadTimeout("The read operation timed out", request=request)
    return _failure(reply, request)


def _ask(emulator: Emulator, request: httpx2.Request, body: bytes) -> EmulatedReply:
    path = request.url.raw_path.decode("ascii")
    return emulator.handle(request.method, path, dict(request.headers), body)
