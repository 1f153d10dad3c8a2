"""The SDK's awaiting clients as a transport, over aiohttp.

A client belongs to the event loop it was made in. The transport makes one for each loop it is
used from, and closes it when that loop shuts down, so that `asyncio.run` may be called again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any, cast

import anthropic
import httpx2

from router.claude.deadline import AttemptTimeout, late
from router.claude.sdk import (
    STALL_SECONDS,
    SentBody,
    client_secrets,
    endpoint_of,
    events_of,
    is_plain,
    response_of,
)
from router.claude.transport import (
    AsyncWireStream,
    TransportFault,
    WireReply,
    WireRequest,
)
from router.claude.upstream import fault_of
from router.errors import SettingsError

__all__ = ["AsyncSdkTransport"]


class AsyncSdkTransport:
    """An awaiting Transport over SDK clients, one for each event loop."""

    emulated = False

    def __init__(self, make_client: Callable[[], Any], *, ours: bool) -> None:
        """
        Args:
            make_client: gives an awaiting SDK client, called once in each event loop.
            ours: it makes new ones, which are closed with the loop or the transport; else it
                gives the same one every time, which belongs to one loop and to its caller.
        """
        self.secrets: tuple[str, ...] = ()
        self._make = make_client
        self._ours = ours
        self._made = False
        self._clients: dict[asyncio.AbstractEventLoop, _LoopClient] = {}

    async def prepare(self) -> None:
        """Build this loop's client now. Raises SettingsError where something is missing."""
        await self._here()

    async def send(self, request: WireRequest) -> WireReply:
        """The whole answer, whatever its status. Raises TransportFault."""
        timeout = AttemptTimeout(request.timeout, max_bytes=request.max_bytes)
        async with self._opened(request, timeout, streamed=False) as stream:
            body = b"".join([piece async for piece in stream.chunks()])
        return WireReply(stream.status, stream.headers, body)

    def stream(self, request: WireRequest) -> AbstractAsyncContextManager[AsyncWireStream]:
        """The answer as it comes. Raises TransportFault."""
        timeout = AttemptTimeout(request.timeout, max_bytes=request.max_bytes, stall=STALL_SECONDS)
        return self._opened(request, timeout, streamed=True)

    async def close(self) -> None:
        """Close this loop's client; those of other loops are closed with their loops."""
        here = self._clients.get(asyncio.get_running_loop())
        if here is not None:
            await here.close()

    async def _here(self) -> _LoopClient:
        loop = asyncio.get_running_loop()
        here = self._clients.get(loop)
        if here is None:
            if not self._ours and self._made:
                raise SettingsError(
                    "the SDK client or http_client that was given belongs to another event loop; "
                    "make the AsyncRouter and its client in the loop that uses them"
                )
            for other in [other for other in self._clients if other.is_closed()]:
                del self._clients[other]
            client = self._make()
            self._made = True
            self.secrets = client_secrets(client)
            here = _LoopClient(client, self._forget if self._ours else None)
            self._clients[loop] = here
            await here.close_with_loop()
        return here

    async def _forget(self, client: Any) -> None:
        self._clients.pop(asyncio.get_running_loop(), None)
        await client.close()

    @asynccontextmanager
    async def _opened(
        self, request: WireRequest, bounds: AttemptTimeout, *, streamed: bool
    ) -> AsyncIterator[AsyncWireStream]:
        here = await self._here()
        response: Any = None
        with suppress(TimeoutError):
            async with asyncio.timeout(bounds.left()):
                response = await self._post(here, request, bounds, streamed=streamed)
        if response is None:
            raise late()
        if isinstance(response, WireReply):
            yield _AsyncWholeStream(response)
            return
        opened = _AsyncStream(response, bounds, self.secrets)
        try:
            yield opened
        finally:
            await opened.close()

    async def _post(
        self, here: _LoopClient, request: WireRequest, bounds: AttemptTimeout, *, streamed: bool
    ) -> Any:
        fault: TransportFault
        try:
            arguments = here.sent.arguments(request, bounds, streamed=streamed)
            return response_of(await here.client.post(request.path, **arguments))
        except anthropic.APIStatusError as error:
            return error.response
        except Exception as error:  # noqa: BLE001 - nothing of the SDK may leave untyped
            fault = fault_of(error, self.secrets, endpoint=here.endpoint)
        # Raised out here, so that the SDK's error is not even this one's context.
        raise fault


class _LoopClient:
    """An SDK client and the loop's promise to close it."""

    def __init__(self, client: Any, close: Callable[[Any], Awaitable[None]] | None) -> None:
        if not isinstance(getattr(client, "_client", None), httpx2.AsyncClient):
            raise SettingsError(
                f"an awaiting SDK client is needed here, not {type(client).__name__}; "
                "a Router takes a blocking one"
            )
        self.client = client
        self.sent = SentBody(client)
        self.endpoint = endpoint_of(client)
        self._close = close
        self._guard: Any = None

    async def close_with_loop(self) -> None:
        # Loops close their asynchronous generators before they end: the one moment at which a
        # client that nobody closed can still be closed in order.
        self._guard = self._until_closed()
        await anext(self._guard)

    async def _until_closed(self) -> AsyncIterator[None]:
        try:
            yield
        finally:
            if self._close is not None:
                await self._close(self.client)

    async def close(self) -> None:
        await self._guard.aclose()


class _AsyncWholeStream:
    def __init__(self, reply: WireReply) -> None:
        self.status = reply.status
        self.headers = reply.headers
        self._body = reply.body

    async def chunks(self) -> AsyncIterator[bytes]:
        if self._body:
            yield self._body


class _AsyncStream:
    """The body of a response as it comes; an AsyncWireStream."""

    def __init__(
        self, response: httpx2.Response, timeout: AttemptTimeout, secrets: tuple[str, ...]
    ) -> None:
        self.status = response.status_code
        self.headers, self._events = events_of(response)
        self._response = response
        self._timeout = timeout
        self._secrets = secrets

    async def chunks(self) -> AsyncIterator[bytes]:
        """Decoded bytes as they come. Raises TransportFault."""
        events = self._events
        fault: TransportFault | None = None
        try:
            pieces = aiter(self._pieces())
            while (piece := await self._next(pieces)) is not None:
                told = self._timeout.take(piece)
                if events is not None:
                    told = events.feed(told)
                if told:
                    yield told
        except Exception as error:  # noqa: BLE001 - as in _post
            fault = fault_of(error, self._secrets, receiving=True)
        if fault is not None:
            raise fault

    def _pieces(self) -> AsyncIterable[bytes]:
        response = self._response
        if is_plain(response):
            return cast("httpx2.AsyncByteStream", response.stream)
        return response.aiter_bytes()

    async def _next(self, pieces: AsyncIterator[bytes]) -> bytes | None:
        try:
            async with asyncio.timeout(self._timeout.wait()):
                return await anext(pieces, None)
        except TimeoutError:
            raise late() from None

    def shorten(self, seconds: float) -> None:
        """Leave no more than `seconds` for what is still to come."""
        self._timeout.shorten(seconds)

    async def close(self) -> None:
        await self._response.aclose()
