"""Our HTTP client for the SDK's awaiting clients: aiohttp without cookies and redirects.

The counterpart of `router.claude.direct`. The attempt's time limit is the event loop's to keep;
here every body is read within its bound, error bodies too.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import anthropic
import httpx2

from router.claude.backend import CONNECT_SECONDS
from router.claude.direct import bounds_of, default_context, finished_request, with_body, withheld
from router.claude.proxies import proxy_for

__all__ = ["AsyncDirectClient"]

_MAX_CONNECTIONS = 1_000
_READ = 65_536


class _Body(httpx2.AsyncByteStream):
    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._response.content.iter_any():
            yield piece

    async def aclose(self) -> None:
        # Keeps the connection if the body was read to its end, gives it up otherwise.
        if self._response.content.at_eof():
            self._response.release()
        else:
            self._response.close()


class _Transport(httpx2.AsyncBaseTransport):
    """One aiohttp session, opened in the loop that uses it first."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None
        self._proxies: dict[str, str | None] = {}

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if self._session is None:
            self._session = self._open()
        bounds = bounds_of(request)
        url = str(request.url)
        # Looked up once for each URL: aiohttp's own way takes two threads for every request.
        if url not in self._proxies:
            self._proxies[url] = proxy_for(url)
        answer = await self._session.request(
            request.method,
            url,
            proxy=self._proxies[url],
            data=await request.aread() or None,
            headers=[(name.decode(), value.decode()) for name, value in request.headers.raw],
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(
                total=None,
                # A little less than the whole, so that what was never sent is known to be so.
                sock_connect=CONNECT_SECONDS
                if bounds is None
                else min(CONNECT_SECONDS, 0.95 * bounds),
            ),
        )
        response = httpx2.Response(
            answer.status,
            headers=withheld(answer.raw_headers),
            stream=_Body(answer),
            request=request,
        )
        if bounds is None or response.is_success:
            return response
        try:
            body = b"".join([bounds.take(piece) async for piece in response.aiter_bytes()])
            return with_body(response, body)
        finally:
            await response.aclose()

    def _open(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=_MAX_CONNECTIONS, ssl=default_context()),
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

    def __init__(self) -> None:
        self._direct = _Transport()
        super().__init__(transport=self._direct, trust_env=False, follow_redirects=False)

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
