"""A small, strict HTTP/1.1 client in which nothing outlasts its deadline.

The SDK's own stack bounds each read, not the call: an answer that drips is never late. Here
every wait is for what is left of the attempt. What is not HTTP/1.1 to the letter is a fault:
both framings at once, folded headers, a length that is none, a body that is cut.

Blocking sockets, one request at a time on each connection; `router.claude.pool` opens them.
"""

from __future__ import annotations

import re
import select
import socket
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from router.claude.deadline import Deadline
from router.claude.transport import TransportFault
from router.engine.effects import FaultKind

__all__ = ["Connection", "Head", "reason_of"]

_MAX_HEAD = 65_536
_MAX_LINE = 4_096  # of a chunk's size, its extensions included
_MAX_INTERIM = 16  # 1xx answers before the real one
_RECEIVE = 65_536

_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-5][0-9][0-9])(?: [^\r\n]*)?")
_NAME = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,12})[ \t]*(?:;.*)?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Head:
    """Status and headers of an answer; names in lower case, repeated ones joined by commas."""

    status: int
    headers: Mapping[str, str]
    length: int | None  # None: chunked, or until the connection closes
    chunked: bool
    reusable: bool  # the connection may carry another request after the body


class Connection:
    """One connection to one origin."""

    __slots__ = ("_buffer", "_poll", "_socket", "idle_since", "origin", "reused")

    def __init__(self, sock: socket.socket, origin: tuple[str, str, int]) -> None:
        self._socket = sock
        self._buffer = b""
        self._poll: select.poll | None = None
        self.origin = origin
        self.idle_since = 0.0
        self.reused = False

    def close(self) -> None:
        self._socket.close()

    def usable(self) -> bool:
        """Whether an idle connection is still open; a server that hung up makes it readable."""
        if self._buffer:
            return False
        if self._poll is None:
            self._poll = select.poll()
            self._poll.register(self._socket, select.POLLIN | select.POLLHUP | select.POLLERR)
        return not self._poll.poll(0)

    def exchange(self, message: bytes, deadline: Deadline) -> Head:
        """Send a whole request and receive the head of its answer.

        Raises:
            TransportFault: with `maybe_billed` false where the request did not go out whole.
        """
        lost: OSError | None = None
        try:
            self._socket.settimeout(self._wait(deadline, sent=False))
            self._socket.sendall(message)
        except TimeoutError:
            raise _timeout("sending the request", sent=False) from None
        except OSError as error:
            # A server may refuse a request early and say why before it hangs up.
            lost = error
            deadline.shorten(1.0)
        try:
            for _ in range(_MAX_INTERIM):
                head = self._head(deadline)
                if head.status >= 200:
                    return head
        except TransportFault:
            if lost is None:
                raise
            raise TransportFault(
                FaultKind.RESET,
                f"the connection broke while the request was sent ({reason_of(lost)})",
                maybe_billed=False,
            ) from None
        raise _bad("too many interim answers")

    def body(self, head: Head, deadline: Deadline) -> Iterator[bytes]:
        """The body's bytes, as they come, still encoded as `content-encoding` says.

        Raises:
            TransportFault: truncated_body, timeout or bad_response.
        """
        if head.chunked:
            yield from self._chunks(deadline)
        elif head.length is None:
            if self._buffer:
                piece, self._buffer = self._buffer, b""
                yield piece
            while piece := self._receive(deadline, _BODY):
                yield piece
        else:
            left = head.length
            while left > 0:
                piece = self._buffer or self._receive(deadline, _BODY)
                if not piece:
                    raise _truncated()
                self._buffer = piece[left:]
                piece = piece[:left]
                left -= len(piece)
                yield piece

    # --- reading -------------------------------------------------------------------------

    def _head(self, deadline: Deadline) -> Head:
        buffer = self._buffer
        searched = 0
        while (end := buffer.find(b"\r\n\r\n", searched)) < 0:
            searched = max(0, len(buffer) - 3)
            if len(buffer) > _MAX_HEAD:
                raise _bad("the answer's headers are too large")
            piece = self._receive(deadline, _HEAD if buffer else _SILENCE)
            if not piece:
                if buffer:
                    raise _truncated()
                raise TransportFault(
                    FaultKind.RESET, "the server hung up without an answer", maybe_billed=True
                )
            buffer += piece
            if not b"HTTP/1.".startswith(buffer[:7]):
                raise _bad("the answer is not HTTP/1.1")
        self._buffer = buffer[end + 4 :]
        return _parse_head(buffer[:end])

    def _chunks(self, deadline: Deadline) -> Iterator[bytes]:
        while True:
            match = _CHUNK_SIZE.fullmatch(self._line(deadline))
            if match is None:
                raise _bad("a chunk of the answer has no proper size")
            left = int(match.group(1), 16)
            if left == 0:
                for _ in range(_MAX_INTERIM):  # trailers, of no use to us
                    if not self._line(deadline):
                        return
                raise _bad("too many trailers")
            while left > 0:
                piece = self._buffer or self._receive(deadline, _BODY)
                if not piece:
                    raise _truncated()
                self._buffer = piece[left:]
                piece = piece[:left]
                left -= len(piece)
                yield piece
            if self._line(deadline):
                raise _bad("a chunk of the answer is longer than its size")

    def _line(self, deadline: Deadline) -> bytes:
        buffer = self._buffer
        while (end := buffer.find(b"\r\n")) < 0:
            if len(buffer) > _MAX_LINE:
                raise _bad("a chunk of the answer has no proper size")
            piece = self._receive(deadline, _BODY)
            if not piece:
                raise _truncated()
            buffer += piece
        self._buffer = buffer[end + 2 :]
        return buffer[:end]

    def _receive(self, deadline: Deadline, phase: str) -> bytes:
        try:
            self._socket.settimeout(self._wait(deadline, sent=True))
            return self._socket.recv(_RECEIVE)
        except TimeoutError:
            if deadline.left() > 0:
                raise TransportFault(
                    FaultKind.TIMEOUT, "the stream fell silent", maybe_billed=True
                ) from None
            raise _timeout(phase, sent=True) from None
        except ssl.SSLEOFError:
            return b""  # as for a plain connection that is cut: the framing says what is missing
        except OSError as error:
            kind = FaultKind.TRUNCATED_BODY if phase is not _SILENCE else FaultKind.RESET
            raise TransportFault(
                kind, f"the connection broke while {phase} ({reason_of(error)})", maybe_billed=True
            ) from None

    @staticmethod
    def _wait(deadline: Deadline, *, sent: bool) -> float:
        left = deadline.left()
        if left <= 0:
            raise _timeout("receiving the answer" if sent else "sending the request", sent=sent)
        if deadline.stall is not None and sent:
            return min(left, deadline.stall)
        return left


_SILENCE = "waiting for an answer"
_HEAD = "receiving the answer's headers"
_BODY = "receiving the answer"


def _parse_head(data: bytes) -> Head:
    lines = data.split(b"\r\n")
    match = _STATUS_LINE.fullmatch(lines[0])
    if match is None:
        raise _bad("the answer's status line is malformed")
    status = int(match.group(2))
    headers: dict[str, str] = {}
    for line in lines[1:]:
        name, colon, value = line.partition(b":")
        if not colon or _NAME.fullmatch(name) is None or b"\n" in value or b"\r" in value:
            raise _bad("a header of the answer is malformed")
        key = name.decode("ascii").lower()
        text = value.strip(b" \t").decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    coding = headers.get("transfer-encoding")
    chunked = coding is not None and coding.lower() == "chunked"
    if coding is not None and (not chunked or "content-length" in headers):
        raise _bad("the answer's framing is ambiguous")
    length = _length(headers)
    if status < 200 or status in (204, 304):
        chunked, length = False, 0
    alive = headers.get("connection", "").lower()
    reusable = (chunked or length is not None) and (
        "close" not in alive if match.group(1) == b"1" else "keep-alive" in alive
    )
    return Head(status, headers, length, chunked, reusable)


def _length(headers: Mapping[str, str]) -> int | None:
    text = headers.get("content-length")
    if text is None:
        return None
    values = {value.strip() for value in text.split(",")}
    value = values.pop()
    if values or not value.isascii() or not value.isdigit() or len(value) > 15:
        raise _bad("the answer's content-length is malformed")
    return int(value)


def reason_of(error: OSError | UnicodeError) -> str:
    """Why a socket failed, in the system's words."""
    if isinstance(error, TimeoutError):
        return "timed out"
    return getattr(error, "reason", None) or getattr(error, "strerror", None) or "unknown"


def _timeout(phase: str, *, sent: bool) -> TransportFault:
    return TransportFault(
        FaultKind.TIMEOUT, f"the time limit passed while {phase}", maybe_billed=sent
    )


def _truncated() -> TransportFault:
    return TransportFault(
        FaultKind.TRUNCATED_BODY, "the answer was cut in the middle", maybe_billed=True
    )


def _bad(message: str) -> TransportFault:
    return TransportFault(FaultKind.BAD_RESPONSE, message, maybe_billed=True)
