"""The narrow waist: a transport carries bytes to Claude and back, and decides nothing.

The SDK is one transport, the emulator another. The strict reader (`router.claude.reader`)
turns what they carry into a Reply or a Fault.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Any, Protocol

from msgspec import Struct

__all__ = [
    "AsyncTransport",
    "AsyncWireStream",
    "Transport",
    "TransportFault",
    "WireReply",
    "WireRequest",
    "WireStream",
]


class WireRequest(Struct, frozen=True):
    """One HTTP request: a JSON body for `POST path`."""

    body: Mapping[str, Any]
    timeout: float  # seconds for everything, from connect to the last byte
    path: str = "/v1/messages"
    headers: Mapping[str, str] | None = None
    max_bytes: int = 16_777_216  # cap on the decoded body


class WireReply(Struct, frozen=True):
    """Status, headers (names in lower case) and the whole decoded body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class TransportFault(Exception):
    """No usable HTTP answer. `kind` is a FaultKind's value; the message holds no secret.

    Raised `from None`: nothing of the SDK, whose errors hold the key, may ride along.
    """

    def __init__(self, kind: str, message: str, *, maybe_billed: bool) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.maybe_billed = maybe_billed

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild_fault, (self.kind, self.message, self.maybe_billed)


def _rebuild_fault(kind: str, message: str, maybe_billed: bool) -> TransportFault:
    return TransportFault(kind, message, maybe_billed=maybe_billed)


class WireStream(Protocol):
    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> Mapping[str, str]: ...

    def chunks(self) -> Iterator[bytes]:
        """Decoded bytes as they come. Raises TransportFault."""
        ...


class AsyncWireStream(Protocol):
    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> Mapping[str, str]: ...

    def chunks(self) -> AsyncIterator[bytes]: ...


class Transport(Protocol):
    """A blocking transport; safe to use from several threads."""

    emulated: bool

    def send(self, request: WireRequest) -> WireReply:
        """Raises TransportFault."""
        ...

    def stream(self, request: WireRequest) -> AbstractContextManager[WireStream]:
        """The same with `stream: true` added to the body. Raises TransportFault."""
        ...

    def close(self) -> None: ...


class AsyncTransport(Protocol):
    """An awaiting transport, bound to one event loop."""

    emulated: bool

    async def send(self, request: WireRequest) -> WireReply: ...

    def stream(self, request: WireRequest) -> AbstractAsyncContextManager[AsyncWireStream]: ...

    async def close(self) -> None: ...
