"""The official SDK as a transport: it builds, signs and addresses requests, we do the rest.

Importing this module imports `anthropic` (over a second); it is imported when the first client
is needed and not before. Used raw: no retries of the SDK's own, no redirects, no models made
of answers, no tracing unless configured.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from typing import Any, cast

import anthropic
import httpx2
import msgspec

from router.claude.deadline import AttemptTimeout
from router.claude.eventstream import CONTENT_TYPE, EventStreamDecoder
from router.claude.transport import TransportFault, WireReply, WireRequest, WireStream
from router.claude.upstream import fault_of
from router.errors import SettingsError

__all__ = [
    "STALL_SECONDS",
    "SdkTransport",
    "SentBody",
    "WholeStream",
    "client_secrets",
    "endpoint_of",
    "events_of",
    "is_plain",
    "response_of",
]

STALL_SECONDS = 120.0
"""Silence on a stream, pings counted as sounds, after which it is given up."""

# Makes clients with middleware hand out the response itself, unread, instead of a model.
_RAW = {"x-stainless-raw-response": "stream"}
_SECRET_ATTRIBUTES = (
    "api_key",
    "auth_token",
    "access_token",
    "webhook_key",
    "aws_secret_key",
    "aws_access_key",
    "aws_session_token",
)
_SECRET_HEADERS = frozenset({"authorization", "x-api-key", "proxy-authorization", "api-key"})


class SdkTransport:
    """A blocking Transport over an SDK client. Safe to use from threads and after a fork."""

    emulated = False

    def __init__(self, client: Any, *, ours: bool) -> None:
        """
        Args:
            client: a blocking SDK client of any platform.
            ours: its connections are our own: closed with the transport, and not touched by a
                child process.
        """
        if not isinstance(getattr(client, "_client", None), httpx2.Client):
            raise SettingsError(
                f"a blocking SDK client is needed here, not {type(client).__name__}; "
                "an AsyncRouter takes an awaiting one"
            )
        self.secrets = client_secrets(client)
        self._endpoint = endpoint_of(client)
        self._client = client
        self._sent = SentBody(client)
        self._ours = ours
        self._pid = os.getpid()

    def send(self, request: WireRequest) -> WireReply:
        """The whole answer, whatever its status. Raises TransportFault."""
        timeout = AttemptTimeout(request.timeout, max_bytes=request.max_bytes)
        with self._opened(request, timeout, streamed=False) as stream:
            return WireReply(stream.status, stream.headers, b"".join(stream.chunks()))

    @contextmanager
    def stream(self, request: WireRequest) -> Iterator[WireStream]:
        """The answer as it comes. Raises TransportFault."""
        timeout = AttemptTimeout(request.timeout, max_bytes=request.max_bytes, stall=STALL_SECONDS)
        with self._opened(request, timeout, streamed=True) as stream:
            yield stream

    def close(self) -> None:
        """Close the connections, unless the client is its caller's."""
        if self._ours:
            self._client.close()

    def _opened(
        self, request: WireRequest, timeout: AttemptTimeout, *, streamed: bool
    ) -> AbstractContextManager[WireStream]:
        response = self._post(request, timeout, streamed=streamed)
        if isinstance(response, WireReply):
            return nullcontext(WholeStream(response))
        return closing(_Stream(response, timeout, self.secrets))

    def _post(self, request: WireRequest, timeout: AttemptTimeout, *, streamed: bool) -> Any:
        if not self._ours and self._pid != os.getpid():
            raise SettingsError(
                "this process was forked after its HTTP client was made, whose connections "
                "belong to the parent; make the client and the Router in the child"
            )
        fault: TransportFault
        try:
            arguments = self._sent.arguments(request, timeout, streamed=streamed)
            return response_of(self._client.post(request.path, **arguments))
        except anthropic.APIStatusError as error:
            return error.response
        except Exception as error:  # noqa: BLE001 - nothing of the SDK may leave untyped
            fault = fault_of(error, self.secrets, endpoint=self._endpoint)
        # Raised out here, so that the SDK's error is not even this one's context.
        raise fault


class SentBody:
    """How a client is to be called: bytes where it allows, its own dict where it rewrites it."""

    def __init__(self, client: Any) -> None:
        rewriting = (
            anthropic.AnthropicBedrock,
            anthropic.AsyncAnthropicBedrock,
            anthropic.AnthropicVertex,
            anthropic.AsyncAnthropicVertex,
        )
        through_middleware = bool(client.middleware)
        traced = client.open_telemetry["traces"].get("enabled", True)
        self._as_bytes = not (isinstance(client, rewriting) or through_middleware or traced)
        self._headers = _RAW if through_middleware else {}
        self._stream = not through_middleware  # of the response; with _RAW it is one anyway

    def arguments(
        self, request: WireRequest, timeout: AttemptTimeout, *, streamed: bool
    ) -> dict[str, Any]:
        """Keywords for the client's `post`. Raises TypeError for a body that is not JSON."""
        body = {**request.body, "stream": True} if streamed else request.body
        options: dict[str, Any] = {
            "max_retries": 0,
            "follow_redirects": False,
            "timeout": timeout,
        }
        headers = {**self._headers, **(request.headers or {})}
        if headers:
            options["headers"] = headers
        arguments: dict[str, Any] = {
            "cast_to": httpx2.Response,
            "options": options,
            "stream": self._stream,
        }
        if self._as_bytes:
            arguments["content"] = _QuietBytes(_encode(body))
        else:
            arguments["body"] = _QuietDict(body)
        return arguments


class _QuietBytes(bytes):
    """A request that does not show itself: at debug level the SDK logs what it is given."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<{len(self)} bytes>"


class _QuietDict(dict[str, Any]):
    """The same, for clients that rewrite the request."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<{', '.join(self)}>"


class WholeStream:
    """A WireStream over an answer that is already there, as error answers are."""

    def __init__(self, reply: WireReply) -> None:
        self.status = reply.status
        self.headers = reply.headers
        self._body = reply.body

    def chunks(self) -> Iterator[bytes]:
        """The body, in one piece."""
        if self._body:
            yield self._body


class _Stream:
    """The body of a response as it comes; a WireStream."""

    def __init__(
        self, response: httpx2.Response, timeout: AttemptTimeout, secrets: tuple[str, ...]
    ) -> None:
        self.status = response.status_code
        self.headers, self._events = events_of(response)
        self._response = response
        self._timeout = timeout
        self._secrets = secrets

    def chunks(self) -> Iterator[bytes]:
        """Decoded bytes as they come. Raises TransportFault."""
        events = self._events
        fault: TransportFault | None = None
        try:
            for piece in self._pieces():
                told = self._timeout.take(piece)
                if events is not None:
                    told = events.feed(told)
                if told:
                    yield told
        except Exception as error:  # noqa: BLE001 - as in _post
            fault = fault_of(error, self._secrets, receiving=True)
        if fault is not None:
            raise fault

    def _pieces(self) -> Iterable[bytes]:
        response = self._response
        if is_plain(response):
            return cast("httpx2.SyncByteStream", response.stream)
        return response.iter_bytes()

    def shorten(self, seconds: float) -> None:
        """Leave no more than `seconds` for what is still to come."""
        self._timeout.shorten(seconds)

    def close(self) -> None:
        self._response.close()


# --- shared with the awaiting transport --------------------------------------------------


def client_secrets(client: Any) -> tuple[str, ...]:
    """What a client must never show: its keys, tokens and the headers that carry them."""
    values = [getattr(client, name, None) for name in _SECRET_ATTRIBUTES]
    values += [
        value for name, value in client.default_headers.items() if name.lower() in _SECRET_HEADERS
    ]
    return _strings(values)


def endpoint_of(client: Any) -> str:
    """Host and port that a client sends to, with no path, query or password."""
    url = getattr(client, "base_url", None)
    if not isinstance(url, httpx2.URL) or not url.host:
        return "the endpoint"
    host = f"[{url.host}]" if ":" in url.host else url.host
    return f"{host}:{url.port or (80 if url.scheme == 'http' else 443)}"


def _strings(values: list[Any]) -> tuple[str, ...]:
    """The strings among `values`, with and without an `Authorization` scheme, longest first."""
    found = set()
    for value in values:
        if isinstance(value, str) and value:
            found.add(value)
            found.add(value.removeprefix("Bearer "))
    return tuple(sorted(found, key=len, reverse=True))


def events_of(response: httpx2.Response) -> tuple[Mapping[str, str], EventStreamDecoder | None]:
    """A response's headers, and what makes server-sent events of its body where it is
    Amazon's own kind of event stream."""
    headers = dict(response.headers.items())
    if CONTENT_TYPE not in headers.get("content-type", ""):
        return headers, None
    return {**headers, "content-type": "text/event-stream"}, EventStreamDecoder()


def is_plain(response: httpx2.Response) -> bool:
    """Whether the stream of a response is its body, with nothing for httpx2 to undo. Most are,
    and httpx2's own way takes four times the steps."""
    return not response.is_stream_consumed and "content-encoding" not in response.headers


def response_of(result: Any) -> Any:
    """The httpx2 response in what a client gave; a WireReply for a model that middleware gave."""
    if isinstance(result, httpx2.Response):
        return result
    response = getattr(result, "http_response", None)
    if isinstance(response, httpx2.Response):
        return response
    to_json = getattr(result, "to_json", None)
    if to_json is None:
        raise TypeError("the client's middleware gave something that is no answer")
    return WireReply(200, {"content-type": "application/json"}, cast("str", to_json()).encode())


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a {type(value).__name__} in the request's body is not JSON")


_encode = msgspec.json.Encoder(enc_hook=_plain).encode
