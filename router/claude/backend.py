"""Sockets for httpcore2 on which nothing outlasts the attempt.

httpcore2 hands each operation the request's own timeout. Where that is an AttemptTimeout, the
operation gets what is left of the attempt; any other number is passed on as it is.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import httpcore2

from router.claude.deadline import AttemptTimeout

__all__ = ["DeadlineBackend"]

CONNECT_SECONDS = 5.0
"""For each address that a host name stands for; as in the SDK."""

# A write that goes out in several parts waits for each part anew, and one of this size goes out
# whole or in two, whatever the peer takes at a time.
_WRITE = 16_384


class DeadlineBackend(httpcore2.NetworkBackend):
    """Opens connections whose every wait is for what is left of the attempt."""

    def __init__(self) -> None:
        self._inner = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        """Try the host's addresses in turn. Raises httpcore2's ConnectError or ConnectTimeout."""
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise httpcore2.ConnectError(error) from error
        failed: Exception = httpcore2.ConnectError(f"{host} has no address")
        for *_, address in found:
            seconds = _remaining(timeout, httpcore2.ConnectTimeout)
            try:
                return _Stream(
                    self._inner.connect_tcp(
                        str(address[0]),
                        port,
                        CONNECT_SECONDS if seconds is None else min(CONNECT_SECONDS, seconds),
                        local_address,
                        socket_options,
                    )
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failed = error
        raise failed


class _Stream(httpcore2.NetworkStream):
    """Holds what is written until an answer is read, so that a request goes out in one piece."""

    def __init__(self, inner: httpcore2.NetworkStream) -> None:
        self._inner = inner
        self._held: list[bytes] = []
        self._head: bytes | None = None  # of the answer, until it is whole

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._held:
            self._head = b""
            try:
                self._send(b"".join(self._held), timeout)
            except httpcore2.WriteError:
                # A server may refuse a request early and say why before it hangs up.
                with suppress(httpcore2.ReadError):
                    if data := self._receive(max_bytes, timeout):
                        return data
                raise
            finally:
                self._held.clear()
        return self._receive(max_bytes, timeout)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if buffer:
            self._held.append(buffer)

    def _receive(self, max_bytes: int, timeout: float | None) -> bytes:
        data = self._inner.read(max_bytes, _remaining(timeout, httpcore2.ReadTimeout))
        if self._head is not None:
            self._head += data
            if b"\r\n\r\n" in self._head:
                self._head = None
            elif self._head and not data:
                # To httpcore2 this would be the same as no answer at all.
                raise httpcore2.RemoteProtocolError("the answer ends within its headers")
        return data

    def _send(self, data: bytes, timeout: float | None) -> None:
        for start in range(0, len(data), _WRITE):
            self._inner.write(
                data[start : start + _WRITE], _remaining(timeout, httpcore2.WriteTimeout)
            )

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        seconds = _remaining(timeout, httpcore2.ConnectTimeout)
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, seconds))

    def close(self) -> None:
        self._inner.close()

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def _remaining(timeout: float | None, late: type[Exception]) -> float | None:
    if not isinstance(timeout, AttemptTimeout):
        return timeout
    seconds = timeout.wait() if late is httpcore2.ReadTimeout else timeout.left()
    if seconds <= 0:
        raise late("the time limit has passed")
    return seconds
