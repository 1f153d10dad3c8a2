"""Our HTTP client for the SDK: `httpcore2` on sockets that obey the attempt's deadline.

The SDK builds and signs the request; this sends it. Redirects are never followed, cookies never
kept, and the bodies of errors, which the SDK reads by itself, are read within their bounds.
"""

from __future__ import annotations

import os
import socket
import ssl
from collections import deque
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, cast

import httpcore2
import httpx2

from router.claude.backend import DeadlineBackend
from router.claude.deadline import AttemptTimeout
from router.claude.proxies import proxy_for
from router.claude.transport import TransportFault
from router.engine.effects import FaultKind

__all__ = [
    "DirectClient",
    "bounds_of",
    "default_context",
    "finished_request",
    "with_body",
    "withheld",
]

_IDLE_SECONDS = 30.0
"""Connections idle for longer are not used again."""
_MAX_IDLE = 100
_MERGED = ("params", "cookies", "files", "data", "json")  # what httpx2 would have to work in
_ACTED_ON = frozenset({b"location", b"set-cookie"})
_OF_ENCODED = frozenset({b"content-encoding", b"content-length", b"transfer-encoding"})


class _Body(httpx2.SyncByteStream):
    """An answer's body; its end, or closing it, gives the connection back."""

    def __init__(self, stream: Any, connection: httpcore2.ConnectionInterface, way: _Way) -> None:
        self._stream = stream
        self._connection = connection
        self._way: _Way | None = way

    def __iter__(self) -> Iterator[bytes]:
        yield from self._stream

    def close(self) -> None:
        way, self._way = self._way, None
        if way is not None:
            self._stream.close()  # and the connection, unless the answer came to its end
            way.give_back(self._connection)


class _Way:
    """The way to one origin: idle connections to it, and how to open more.

    httpcore2's own pool goes over all its connections twice a call; see docs/decisions/0006.
    """

    def __init__(self, pool: httpcore2.ConnectionPool) -> None:
        self._pool = pool  # of which only `create_connection` is used
        self._idle: deque[httpcore2.ConnectionInterface] = deque()  # append and pop are atomic
        self._closed = False

    def handle(self, request: httpcore2.Request) -> tuple[httpcore2.Response, _Body]:
        connection = self._take(request.url.origin)
        response = connection.handle_request(request)
        return response, _Body(response.stream, connection, self)

    def give_back(self, connection: httpcore2.ConnectionInterface) -> None:
        if connection.is_idle() and not self._closed and len(self._idle) < _MAX_IDLE:
            self._idle.append(connection)
        else:
            connection.close()

    def close(self) -> None:
        self._closed = True
        while self._idle:
            self._idle.pop().close()

    def _take(self, origin: httpcore2.Origin) -> httpcore2.ConnectionInterface:
        while self._idle:
            try:
                connection = self._idle.pop()
            except IndexError:  # another thread was faster
                break
            if not connection.has_expired():
                return connection
            connection.close()
        return self._pool.create_connection(origin)


class _Transport(httpx2.BaseTransport):
    """A way to each origin, and new ones in a child process after a fork."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        self._ways: dict[tuple[bytes, bytes, int | None], _Way] = {}
        self._pid = os.getpid()
        self._closed = False

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        url = request.url
        answer, body = self._way(url).handle(
            httpcore2.Request(
                request.method,
                httpcore2.URL(
                    scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
                ),
                headers=request.headers.raw,
                content=cast("httpx2.SyncByteStream", request.stream),
                extensions=request.extensions,
            )
        )
        response = httpx2.Response(
            answer.status, headers=withheld(answer.headers), stream=body, request=request
        )
        bounds = bounds_of(request)
        if bounds is None or response.is_success:
            return response
        try:
            return with_body(response, b"".join(map(bounds.take, response.iter_bytes())))
        finally:
            response.close()

    def close(self) -> None:
        self._closed = True
        for way in self._ways.values():
            way.close()

    def _way(self, url: httpx2.URL) -> _Way:
        if self._closed:
            raise TransportFault(
                FaultKind.CONNECTION, "the client has been closed", maybe_billed=False
            )
        if self._pid != os.getpid():
            # The parent goes on using these sockets; here they are only forgotten.
            self._ways = {}
            self._pid = os.getpid()
        origin = (url.raw_scheme, url.raw_host, url.port)
        way = self._ways.get(origin)
        return way or self._ways.setdefault(origin, self._open(url))

    def _open(self, url: httpx2.URL) -> _Way:
        if url.scheme not in ("http", "https"):
            raise httpcore2.UnsupportedProtocol(url.scheme)
        proxy = proxy_for(str(url))
        through = httpx2.Proxy(proxy) if proxy else None
        return _Way(
            httpcore2.ConnectionPool(
                self._context,
                proxy=httpcore2.Proxy(
                    str(through.url), auth=through.raw_auth, headers=through.headers.raw
                )
                if through
                else None,
                keepalive_expiry=_IDLE_SECONDS,
                network_backend=DeadlineBackend(),
                socket_options=_socket_options(),
            )
        )


class DirectClient(httpx2.Client):
    """An `httpx2.Client` for the SDK. Safe to use from threads, and in a child after a fork."""

    def __init__(self) -> None:
        self._direct = _Transport(default_context())
        super().__init__(transport=self._direct, trust_env=False, follow_redirects=False)

    def build_request(self, method: str, url: httpx2.URL | str, **options: Any) -> httpx2.Request:
        """As in httpx2; what the SDK built in full is taken as it is."""
        request = finished_request(method, url, options)
        return super().build_request(method, url, **options) if request is None else request

    def send(
        self,
        request: httpx2.Request,
        *,
        stream: bool = False,
        auth: Any = httpx2.USE_CLIENT_DEFAULT,
        follow_redirects: Any = httpx2.USE_CLIENT_DEFAULT,
    ) -> httpx2.Response:
        """As in httpx2, but without what a call to Claude has no use for."""
        if auth is not httpx2.USE_CLIENT_DEFAULT or not stream:
            return super().send(request, stream=stream, auth=auth, follow_redirects=False)
        return self._direct.handle_request(request)


@cache
def default_context() -> ssl.SSLContext:
    """Trust as httpx2 and the SDK have it; made once, as reading the certificates takes time."""
    return httpx2.create_ssl_context()


def finished_request(
    method: str, url: httpx2.URL | str, options: Mapping[str, Any]
) -> httpx2.Request | None:
    """The request for one of our attempts, which the SDK has built in full; None for others."""
    timeout, content = options.get("timeout"), options.get("content")
    if (
        not isinstance(timeout, AttemptTimeout)
        or not isinstance(content, bytes)
        or any(options.get(name) for name in _MERGED)
    ):
        return None
    where = httpx2.URL(url)
    given = httpx2.Headers(options.get("headers"))
    headers = [*given.raw, (b"Content-Length", b"%d" % len(content))]
    if "host" not in given:
        headers.insert(0, (b"Host", where.netloc))
    return httpx2.Request(
        method,
        where,
        headers=headers,
        stream=httpx2.ByteStream(content),
        extensions={
            **(options.get("extensions") or {}),
            "timeout": dict.fromkeys(("connect", "read", "write", "pool"), timeout),
        },
    )


def bounds_of(request: httpx2.Request) -> AttemptTimeout | None:
    """The bounds of one of our attempts; None for what the SDK asks on its own."""
    timeout = request.extensions.get("timeout", {}).get("read")
    return timeout if isinstance(timeout, AttemptTimeout) else None


def withheld(headers: Any) -> list[tuple[bytes, bytes]]:
    """An answer's raw headers without those that would make a client act."""
    return [(name, value) for name, value in headers if name.lower() not in _ACTED_ON]


def with_body(response: httpx2.Response, body: bytes) -> httpx2.Response:
    """The same answer with its whole, decoded body in place of a stream."""
    headers = [pair for pair in response.headers.raw if pair[0].lower() not in _OF_ENCODED]
    return httpx2.Response(
        response.status_code, headers=headers, content=body, request=response.request
    )


def _socket_options() -> list[httpcore2.SOCKET_OPTION]:
    """As the SDK sets them: dead peers are noticed on long answers."""
    options: list[httpcore2.SOCKET_OPTION] = [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
    for name, value in (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 60), ("TCP_KEEPCNT", 5)):
        option = getattr(socket, name, None)
        if option is not None:
            options.append((socket.IPPROTO_TCP, option, value))
    return options
