"""Connections to endpoints: opened within a deadline, kept for the next request."""

from __future__ import annotations

import os
import socket
import ssl
from collections import deque
from time import monotonic

from router.claude.deadline import Deadline
from router.claude.http1 import Connection, reason_of
from router.claude.transport import TransportFault
from router.engine.effects import FaultKind

__all__ = ["Pool", "tls_is_final"]

CONNECT_SECONDS = 5.0
"""For each address that a host name stands for; as in the SDK."""
IDLE_SECONDS = 30.0
"""Connections idle for longer are not used again."""
_MAX_IDLE = 100

# What OpenSSL says when the peer is no TLS server or none we may talk to; these do not heal.
_TLS_FINAL = (
    "CERTIFICATE",
    "WRONG_VERSION",
    "UNKNOWN_PROTOCOL",
    "HTTP_REQUEST",
    "PROTOCOL_VERSION",
)


def tls_is_final(error: ssl.SSLError) -> bool:
    """Whether a failed handshake would fail again: certificates and protocols do not heal."""
    reason = getattr(error, "reason", None) or ""
    return isinstance(error, ssl.SSLCertVerificationError) or any(
        part in reason for part in _TLS_FINAL
    )


class Pool:
    """Connections to reuse. A child process after a fork begins with none."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        self._idle: deque[Connection] = deque()  # its append and pop are atomic
        self._pid = os.getpid()
        self._closed = False

    def take(self, origin: tuple[str, str, int], deadline: Deadline) -> Connection:
        """An open connection to (scheme, host, port).

        Raises:
            TransportFault: nothing was sent, so never billed.
        """
        if self._closed:
            raise TransportFault(
                FaultKind.CONNECTION, "the client has been closed", maybe_billed=False
            )
        if self._pid != os.getpid():
            # The parent goes on using these sockets; here they are only forgotten.
            self._idle = deque()
            self._pid = os.getpid()
        others = []
        found = None
        while found is None:
            try:
                connection = self._idle.pop()
            except IndexError:
                break
            if connection.origin != origin:
                others.append(connection)
            elif monotonic() - connection.idle_since > IDLE_SECONDS or not connection.usable():
                connection.close()
            else:
                found = connection
        self._idle.extend(others)
        if found is not None:
            found.reused = True
            return found
        return self._connect(origin, deadline)

    def give_back(self, connection: Connection) -> None:
        """Keep a connection whose answer was received to its end."""
        if self._closed or len(self._idle) >= _MAX_IDLE or self._pid != os.getpid():
            connection.close()
            return
        connection.idle_since = monotonic()
        self._idle.append(connection)

    def close(self) -> None:
        self._closed = True
        while self._idle:
            self._idle.pop().close()

    def _connect(self, origin: tuple[str, str, int], deadline: Deadline) -> Connection:
        scheme, host, port = origin
        sock = _open_socket(host, port, deadline)
        if scheme != "https":
            return Connection(sock, origin)
        try:
            sock.settimeout(_remaining(deadline, host))
            return Connection(self._context.wrap_socket(sock, server_hostname=host), origin)
        except ssl.SSLCertVerificationError as error:
            sock.close()
            raise TransportFault(
                FaultKind.TLS,
                f"the certificate of {host} is not accepted: {error.verify_message}",
                maybe_billed=False,
            ) from None
        except OSError as error:
            sock.close()
            final = isinstance(error, ssl.SSLError) and tls_is_final(error)
            raise TransportFault(
                FaultKind.TLS if final else FaultKind.CONNECTION,
                f"no TLS connection to {host} ({reason_of(error)})",
                maybe_billed=False,
            ) from None


def _open_socket(host: str, port: int, deadline: Deadline) -> socket.socket:
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise _unreachable(host, port, reason_of(error)) from None
    why = "no address"
    for family, kind, protocol, _, address in addresses:
        sock = None
        try:
            sock = socket.socket(family, kind, protocol)
            sock.settimeout(min(CONNECT_SECONDS, _remaining(deadline, host)))
            sock.connect(address)
            _set_options(sock)
        except OSError as error:
            why = reason_of(error)
        except TransportFault:
            if sock is not None:
                sock.close()
            raise
        else:
            return sock
        if sock is not None:
            sock.close()
    raise _unreachable(host, port, why)


def _set_options(sock: socket.socket) -> None:
    """As the SDK sets them: small packets at once, and dead peers noticed on long answers."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 60), ("TCP_KEEPCNT", 5)):
        option = getattr(socket, name, None)
        if option is not None:
            sock.setsockopt(socket.IPPROTO_TCP, option, value)


def _remaining(deadline: Deadline, host: str) -> float:
    left = deadline.left()
    if left <= 0:
        raise TransportFault(
            FaultKind.TIMEOUT,
            f"the time limit passed while connecting to {host}",
            maybe_billed=False,
        )
    return left


def _unreachable(host: str, port: int, why: str) -> TransportFault:
    return TransportFault(
        FaultKind.CONNECTION, f"cannot reach {host} port {port}: {why}", maybe_billed=False
    )
