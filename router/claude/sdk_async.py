"""The SDK's awaiting clients as a transport, over aiohttp.

A client belongs to the event loop it was made in. The transport makes one for each loop it is
used from, and closes it when that loop shuts down, so that `asyncio.run` may be called again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import anthropic
import httpx2

from router.claude.deadline import AttemptTimeout, Deadline
from router.claude.decoding import BodyDecoder
from router.claude.direct import HEADERS, wire_of
from router.claude.eventstream import CONTENT_TYPE, EventStreamDecoder
from router.claude.sdk import (
    STALL_SECONDS,
    SentBody,
    client_secrets,
    late,
    lower_headers,
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

    def __init__(
        self,
        make_client: Callable[[], Any],
        *,
        emulated: bool = False,
        close_client: bool = True,
        one_loop: bool = False,
    ) -> None:
        """
        Args:
            make_client: makes an awaiting SDK client, called once in each event loop.
            emulated: its answers are not a real model's.
            close_client: close the clients with the transport.
            one_loop: it always gives the same client, which belongs to one loop.
        """
        self.emulated = emulated
        self.secrets: tuple[str, ...] = ()
        self._make = make_client
        self._close_clients = close_client
        self._one_loop = one_loop
        self._made = False
        self._clients: dict[asyncio.AbstractEventLoop, _LoopClient] = {}

    async def prepare(self) -> None:
        """Build this loop's client now. Raises SettingsError where something is missing."""
        await self._here()

    async def send(self, request: WireRequest) -> WireReply:
        """The whole answer, whatever its status. Raises TransportFault."""
        deadline = Deadline(request.timeout)
        here = await self._here()
        fault: TransportFault
        try:
            async with asyncio.timeout(request.timeout):
                response = await self._post(here, request, deadline, whole=True)
                if isinstance(response, WireReply):
                    return response
                wire = wire_of(response)
                if isinstance(wire, WireReply):
                    return wire
                stream = _AsyncStream(response, deadline, request.max_bytes, self.secrets)
                try:
                    parts = [piece async for piece in stream.chunks()]
                finally:
                    await stream.close()
                return WireReply(stream.status, stream.headers, b"".join(parts))
        except TimeoutError:
            fault = late()
        raise fault

    @asynccontextmanager
    async def stream(self, request: WireRequest) -> AsyncIterator[AsyncWireStream]:
        """The answer as it comes. Raises TransportFault."""
        deadline = Deadline(request.timeout, stall=STALL_SECONDS)
        here = await self._here()
        response: Any = None
        try:
            async with asyncio.timeout(request.timeout):
                response = await self._post(here, request, deadline, whole=False)
        except TimeoutError:
            pass
        if response is None:
            raise late()
        wire = response if isinstance(response, WireReply) else wire_of(response)
        if isinstance(wire, WireReply):
            yield _AsyncWholeStream(wire)
            return
        opened = _AsyncStream(response, deadline, request.max_bytes, self.secrets)
        try:
            yield opened
        finally:
            await opened.close()

    async def close(self) -> None:
        """Close this loop's client; those of other loops are closed with their loops."""
        here = self._clients.get(asyncio.get_running_loop())
        if here is not None:
            await here.close()

    async def _here(self) -> _LoopClient:
        loop = asyncio.get_running_loop()
        here = self._clients.get(loop)
        if here is None:
            if self._one_loop and self._made:
                raise SettingsError(
                    "the SDK client or http_client that was given belongs to another event loop; "
                    "make the AsyncRouter and its client in the loop that uses them"
                )
            for other in [other for other in self._clients if other.is_closed()]:
                del self._clients[other]
            client = self._make()
            self._made = True
            self.secrets = client_secrets(client)
            here = _LoopClient(client, self._forget if self._close_clients else None)
            self._clients[loop] = here
            await here.close_with_loop()
        return here

    async def _forget(self, client: Any) -> None:
        self._clients.pop(asyncio.get_running_loop(), None)
        await client.close()

    async def _post(
        self, here: _LoopClient, request: WireRequest, deadline: Deadline, *, whole: bool
    ) -> Any:
        timeout = AttemptTimeout(
            request.timeout, deadline, max_bytes=request.max_bytes, whole=whole
        )
        fault: TransportFault
        try:
            arguments = here.sent.arguments(request, timeout, stream=not whole)
            return response_of(await here.client.post(request.path, **arguments))
        except anthropic.APIStatusError as error:
            return error.response
        except Exception as error:  # noqa: BLE001 - nothing of the SDK may leave untyped
            fault = fault_of(error, self.secrets)
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
        self,
        response: httpx2.Response,
        deadline: Deadline,
        max_bytes: int,
        secrets: tuple[str, ...],
    ) -> None:
        self.status = response.status_code
        headers: Mapping[str, str] = response.extensions.get(HEADERS) or lower_headers(response)
        self._bedrock = (
            EventStreamDecoder() if CONTENT_TYPE in headers.get("content-type", "") else None
        )
        self.headers = (
            {**headers, "content-type": "text/event-stream"} if self._bedrock else headers
        )
        self._encoding = headers
        self._response = response
        self._deadline = deadline
        self._max_bytes = max_bytes
        self._secrets = secrets

    async def chunks(self) -> AsyncIterator[bytes]:
        """Decoded bytes as they come. Raises TransportFault."""
        fault: TransportFault | None = None
        try:
            if self._response.is_stream_consumed:
                for piece in BodyDecoder({}, self._max_bytes).feed(self._response.content):
                    yield piece
                return
            decoder = BodyDecoder(self._encoding, self._max_bytes)
            pieces = aiter(self._response.aiter_raw())
            while (raw := await self._next(pieces)) is not None:
                for piece in decoder.feed(raw):
                    told = piece if self._bedrock is None else self._bedrock.feed(piece)
                    if told:
                        yield told
            decoder.finish()
        except Exception as error:  # noqa: BLE001 - as in _post
            fault = fault_of(error, self._secrets, receiving=True)
        if fault is not None:
            raise fault

    async def _next(self, pieces: AsyncIterator[bytes]) -> bytes | None:
        left = self._deadline.left()
        if left <= 0:
            raise late()
        stall = self._deadline.stall
        try:
            async with asyncio.timeout(left if stall is None else min(left, stall)):
                return await anext(pieces, None)
        except TimeoutError:
            raise late() from None

    def shorten(self, seconds: float) -> None:
        """Leave no more than `seconds` for what is still to come."""
        self._deadline.shorten(seconds)

    async def close(self) -> None:
        await self._response.aclose()
