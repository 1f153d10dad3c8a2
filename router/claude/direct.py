"""Our HTTP client for the SDK: an `httpx2.Client` whose requests obey the attempt's deadline.

The SDK builds and signs the request; this sends it over `router.claude.http1`. Redirects are
never followed, cookies never kept, and every body is read within its bounds, error bodies too.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, cast

import httpx2

from router.claude.deadline import AttemptTimeout, Deadline
from router.claude.decoding import BodyDecoder
from router.claude.http1 import Connection, Head
from router.claude.pool import Pool
from router.claude.transport import TransportFault, WireReply
from router.engine.effects import FaultKind

__all__ = [
    "HEADERS",
    "WIRE",
    "DirectClient",
    "DirectStream",
    "default_context",
    "finished_request",
    "shown_headers",
    "timeout_of",
    "wire_of",
]

WIRE = "router.wire"
"""The response extension under which a WireReply or a DirectStream waits for its reader."""
HEADERS = "router.headers"
"""The response extension that holds an answer's headers as they came, where WIRE does not."""

_DEFAULT_SECONDS = 600.0
_DEFAULT_BYTES = 33_554_432
_DEFAULT_PORTS = {"http": 80, "https": 443}
_WITHHELD = frozenset(
    {"content-encoding", "content-length", "transfer-encoding", "location", "set-cookie"}
)


class DirectStream:
    """A body that is read as it comes; a WireStream."""

    def __init__(
        self, pool: Pool, connection: Connection, head: Head, timeout: AttemptTimeout
    ) -> None:
        self.status = head.status
        self.headers: Mapping[str, str] = head.headers
        self._pool = pool
        self._connection: Connection | None = connection
        self._head = head
        self._timeout = timeout

    def chunks(self) -> Iterator[bytes]:
        """Decoded bytes as they come. Raises TransportFault."""
        connection = self._connection
        if connection is None:
            return
        try:
            decoder = BodyDecoder(self._head.headers, self._timeout.max_bytes)
            for piece in connection.body(self._head, self._timeout.deadline):
                yield from decoder.feed(piece)
            decoder.finish()
        except BaseException:
            self.close()
            raise
        self._connection = None
        if self._head.reusable:
            self._pool.give_back(connection)
        else:
            connection.close()

    def shorten(self, seconds: float) -> None:
        """Leave no more than `seconds` for what is still to come."""
        self._timeout.deadline.shorten(seconds)

    def close(self) -> None:
        """Give the connection up, unless the body was read to its end."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


class _Bytes(httpx2.SyncByteStream):
    def __init__(self, stream: DirectStream | None = None) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        if self._stream is not None:
            yield from self._stream.chunks()

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()


class _Transport(httpx2.BaseTransport):
    def __init__(self, pool: Pool) -> None:
        self.pool = pool

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        timeout = timeout_of(request)
        connection = self.pool.take(_origin(request.url), timeout.deadline)
        try:
            head = connection.exchange(_message(request), timeout.deadline)
            stream = DirectStream(self.pool, connection, head, timeout)
        except BaseException:
            connection.close()
            raise
        if timeout.plain or (not timeout.whole and 200 <= head.status < 300):
            return _response(request, head, stream, _Bytes(stream))
        body = b"".join(stream.chunks())
        return _response(request, head, WireReply(head.status, head.headers, body), _Bytes())

    def close(self) -> None:
        self.pool.close()


class DirectClient(httpx2.Client):
    """An `httpx2.Client` for the SDK. Safe to use from threads, and in a child after a fork."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        transport = _Transport(Pool(context or default_context()))
        super().__init__(transport=transport, trust_env=False, follow_redirects=False)
        self._direct = transport

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


def wire_of(response: httpx2.Response) -> WireReply | DirectStream | None:
    """What our own client left in a response; None for responses of other clients."""
    return cast("WireReply | DirectStream | None", response.extensions.get(WIRE))


def finished_request(
    method: str, url: httpx2.URL | str, options: Mapping[str, Any]
) -> httpx2.Request | None:
    """The request for one of our attempts, which the SDK has built in full; None for others."""
    timeout = options.get("timeout")
    if not isinstance(timeout, AttemptTimeout) or options.get("files") or options.get("params"):
        return None
    extensions = {**(options.get("extensions") or {}), "timeout": {"read": timeout}}
    return httpx2.Request(
        method,
        url,
        headers=options.get("headers"),
        content=options.get("content"),
        extensions=extensions,
    )


def timeout_of(request: httpx2.Request) -> AttemptTimeout:
    given = request.extensions.get("timeout", {}).get("read")
    if isinstance(given, AttemptTimeout):
        return given
    seconds = float(given) if given is not None else _DEFAULT_SECONDS
    return AttemptTimeout(
        seconds, Deadline(seconds), max_bytes=_DEFAULT_BYTES, whole=False, plain=True
    )


def _origin(url: httpx2.URL) -> tuple[str, str, int]:
    scheme = url.scheme
    port = url.port or _DEFAULT_PORTS.get(scheme)
    if port is None or not url.host:
        raise TransportFault(
            FaultKind.CONNECTION, "the base URL is not an http or https URL", maybe_billed=False
        )
    return scheme, url.raw_host.decode("ascii").strip("[]"), port


def _message(request: httpx2.Request) -> bytes:
    lines = [
        request.method.encode("ascii") + b" " + request.url.raw_path + b" HTTP/1.1",
        *(name + b": " + value for name, value in request.headers.raw),
    ]
    head = b"\r\n".join(lines)
    if head.count(b"\n") != len(lines) - 1 or head.count(b"\r") != len(lines) - 1:
        raise TransportFault(
            FaultKind.INVALID_REQUEST,
            "a header of the request has a line break",
            maybe_billed=False,
        )
    return head + b"\r\n\r\n" + request.read()


def shown_headers(headers: Mapping[str, str]) -> list[tuple[str, str]]:
    """The headers the SDK may see: not those of a body that it is not given as it came, nor
    those that would make the client act."""
    return [(name, value) for name, value in headers.items() if name not in _WITHHELD]


def _response(
    request: httpx2.Request, head: Head, wire: WireReply | DirectStream, stream: _Bytes
) -> httpx2.Response:
    return httpx2.Response(
        head.status,
        headers=shown_headers(head.headers),
        stream=stream,
        request=request,
        extensions={WIRE: wire},
    )
