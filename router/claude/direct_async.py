"""Our HTTP client for the SDK's awaiting clients: aiohttp without cookies and redirects.

The counterpart of `router.claude.direct`. The attempt's time limit is the event loop's to keep;
here every body is read within its bound, error bodies too.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Mapping
from typing import Any

import aiohttp
import anthropic
import httpx2

from router.claude.decoding import BodyDecoder
from router.claude.direct import (
    HEADERS,
    WIRE,
    default_context,
    finished_request,
    shown_headers,
    timeout_of,
)
from router.claude.proxies import proxy_for
from router.claude.transport import WireReply

__all__ = ["AsyncDirectClient"]

CONNECT_SECONDS = 5.0
_MAX_CONNECTIONS = 1_000
_READ = 65_536


class _Body(httpx2.AsyncByteStream):
    def __init__(self, response: aiohttp.ClientResponse | None = None) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self._response is not None:
            async for piece in self._response.content.iter_any():
                yield piece

    async def aclose(self) -> None:
        if self._response is None:
            return
        # Keeps the connection if the body was read to its end, gives it up otherwise.
        if self._response.content.at_eof():
            self._response.release()
        else:
            self._response.close()


class _Transport(httpx2.AsyncBaseTransport):
    """One aiohttp session, opened in the loop that uses it first."""

    def __init__(self, context: ssl.SSLContext | None) -> None:
        self._context = context
        self._session: aiohttp.ClientSession | None = None
        self._proxies: dict[str, str | None] = {}

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if self._session is None:
            self._session = self._open()
        timeout = timeout_of(request)
        # A little less than the whole, so that what was never sent is known to be so.
        connect = min(CONNECT_SECONDS, 0.95 * timeout)
        url = str(request.url)
        # Looked up once for each URL: aiohttp's own way takes two threads for every request.
        if url not in self._proxies:
            self._proxies[url] = proxy_for(url)
        response = await self._session.request(
            request.method,
            url,
            proxy=self._proxies[url],
            data=request.content or None,
            headers=[(name.decode(), value.decode()) for name, value in request.headers.raw],
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=connect),
        )
        try:
            headers = _lower(response)
            if timeout.plain or (not timeout.whole and 200 <= response.status < 300):
                return httpx2.Response(
                    response.status,
                    headers=shown_headers(headers),
                    stream=_Body(response),
                    request=request,
                    extensions={HEADERS: headers},
                )
            decoder = BodyDecoder(headers, timeout.max_bytes)
            parts = []
            async for raw in response.content.iter_any():
                parts += decoder.feed(raw)
            decoder.finish()
        except BaseException:
            response.close()
            raise
        response.release()
        return httpx2.Response(
            response.status,
            headers=shown_headers(headers),
            stream=_Body(),
            request=request,
            extensions={WIRE: WireReply(response.status, headers, b"".join(parts))},
        )

    def _open(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=_MAX_CONNECTIONS, ssl=self._context or default_context()
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            read_bufsize=_READ,
            skip_auto_headers=("Accept-Encoding", "User-Agent", "Content-Type"),
        )

    async def aclose(self) -> None:
        if self._session is not None:
            await self._session.close()


class AsyncDirectClient(anthropic.DefaultAioHttpClient):
    """The SDK's aiohttp client over our transport. Belongs to the loop that uses it first."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        transport = _Transport(context)
        super().__init__(transport=transport, trust_env=False, follow_redirects=False)
        self._direct = transport

    def build_request(self, method: str, url: httpx2.URL | str, **options: Any) -> httpx2.Request:
        """As in httpx2; what the SDK built in full is taken as it is."""
        request = finished_request(method, url, options)
        return super().build_request(method, url, **options) if request is None else request

    async def send(
        self,
        request: httpx2.Request,
        *,
        stream: bool = False,
        auth: Any = httpx2.USE_CLIENT_DEFAULT,
        follow_redirects: Any = httpx2.USE_CLIENT_DEFAULT,
    ) -> httpx2.Response:
        """As in httpx2, but without what a call to Claude has no use for."""
        if auth is not httpx2.USE_CLIENT_DEFAULT or not stream:
            return await super().send(request, stream=stream, auth=auth, follow_redirects=False)
        return await self._direct.handle_async_request(request)


def _lower(response: aiohttp.ClientResponse) -> Mapping[str, str]:
    headers: dict[str, str] = {}
    for name, value in response.headers.items():
        key = name.lower()
        headers[key] = f"{headers[key]}, {value}" if key in headers else value
    return headers
