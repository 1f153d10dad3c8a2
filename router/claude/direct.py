"""Our HTTP client for the SDK: `httpcore2` on sockets that obey the attempt's deadline.

The SDK builds and signs the request; this sends it. Redirects are never followed, cookies never
kept, and the bodies of errors, which the SDK reads by itself, are read within their bounds.
"""

from __future__ import annotations

import os
import socket
import ssl
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
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        yield from self._stream

    def close(self) -> None:
        self._stream.close()


class _Transport(httpx2.BaseTransport):
    """One pool for each origin, and new ones in a child process after a fork."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        self._pools: dict[tuple[bytes, bytes, int | None], httpcore2.ConnectionPool] = {}
        self._pid = os.getpid()
        self._closed = False

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        url = request.url
        answer = self._pool(url).handle_request(
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
            answer.status,
            headers=withheld(answer.headers),
            stream=_Body(answer.stream),
            request=request,
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
        for pool in self._pools.values():
            pool.close()

    def _pool(self, url: httpx2.URL) -> httpcore2.ConnectionPool:
        if self._closed:
            raise TransportFault(
                FaultKind.CONNECTION, "the client has been closed", maybe_billed=False
            )
        if self._pid != os.getpid():
            # The parent goes on using these sockets; here they are only forgotten.
            self._pools = {}
            self._pid = os.getpid()
        origin = (url.raw_scheme, url.raw_host, url.port)
        pool = self._pools.get(origin)
        return pool or self._pools.setdefault(origin, self._open(str(url)))

    def _open(self, url: str) -> httpcore2.ConnectionPool:
        proxy = proxy_for(url)
        through = httpx2.Proxy(proxy) if proxy else None
        return httpcore2.ConnectionPool(
            self._context,
            proxy=httpcore2.Proxy(
                str(through.url), auth=through.raw_auth, headers=through.headers.raw
            )
            if through
            else None,
            max_connections=None,
            max_keepalive_connections=_MAX_IDLE,
            keepalive_expiry=_IDLE_SECONDS,
            network_backend=DeadlineBackend(),
            socket_options=_socket_options(),
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
    timeout = options.get("timeout")
    if not isinstance(timeout, AttemptTimeout) or any(options.get(name) for name in _MERGED):
        return None
    return httpx2.Request(
        method,
        url,
        headers=options.get("headers"),
        content=options.get("content"),
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
