"""The emulator on a loopback port, for any SDK in any language: give it as `base_url`.

Scripted faults are real here: connections are cut, answers hang, bodies drip.
"""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from router.emulator.core import Emulator
from router.emulator.wire import EmulatedReply, Ending

__all__ = ["EmulatorServer", "serve"]

_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_LARGEST = 33 * 1024 * 1024  # a little over the API's limit, whose 413 the core gives
_IDLE = 120.0  # seconds after which a kept-alive connection without requests is let go


@dataclass(frozen=True, slots=True)
class EmulatorServer:
    """A running server. `url` is what an SDK takes as its `base_url`."""

    emulator: Emulator
    host: str
    port: int

    @property
    def url(self) -> str:
        """The base URL for an SDK."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


@contextmanager
def serve(
    emulator: Emulator | None = None, port: int = 0, host: str = "127.0.0.1"
) -> Iterator[EmulatorServer]:
    """Serves until the block is left; port 0 takes a free one.

    Connections that hang are cut when the block is left. The emulator has no defence against
    hostile clients, hence loopback only.

    Raises:
        ValueError: a host that is not loopback.
        OSError: the port is taken.
    """
    if host not in _LOOPBACK:
        raise ValueError(f"the emulator serves on loopback only, not on {host!r}")
    server = _Server(emulator or Emulator(), (host, port))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="router-emulator")
    thread.start()
    try:
        yield EmulatorServer(server.emulator, host, server.server_address[1])
    finally:
        server.stopping.set()
        server.shutdown()
        thread.join()
        server.cut_all()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True
    request_queue_size = 128

    def __init__(self, emulator: Emulator, address: tuple[str, int]) -> None:
        self.emulator = emulator
        self.stopping = threading.Event()
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        super().__init__(address, _Handler)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        with self._open_lock:
            self._open.add(request)
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._open_lock:
                self._open.discard(request)

    def cut_all(self) -> None:
        with self._open_lock:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue  # closed already

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is an ordinary thing; anything else is a fault of ours."""
        import sys

        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _IDLE
    server: _Server
    disable_nagle_algorithm = True

    def _answer(self) -> None:
        body = self._body()
        if body is None:
            return
        reply = self.server.emulator.handle(self.command, self.path, dict(self.headers), body)
        if not self._pause(reply.delay):
            return
        if reply.ending is Ending.HANG:
            self._hang()
        elif reply.answers:
            self._send(reply)
        else:  # a port that listens cannot refuse: what it can do is to reset
            self._reset()

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _answer  # noqa: N815 - http.server's names

    def _body(self) -> bytes | None:
        length = self.headers.get("content-length", "0")
        if not length.isdigit() or "transfer-encoding" in self.headers:
            self.send_error(411, "A content-length is required")
            return None
        if int(length) > _LARGEST:
            self.close_connection = True
            return b"\0" * (_LARGEST + 1)  # unread: the core answers by size
        return self.rfile.read(int(length))

    def _send(self, reply: EmulatedReply) -> None:
        self.send_response_only(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.streamed:
            self.send_header("transfer-encoding", "chunked")
        if reply.ending is not Ending.COMPLETE:
            self.close_connection = True
        self.end_headers()
        for delay, piece in reply.chunks():
            if not self._pause(delay):
                return
            if piece:
                self._write(piece, chunked=reply.streamed)
        if reply.ending is Ending.STALL:
            self._hang()
        elif reply.ending is Ending.COMPLETE and reply.streamed:
            self.wfile.write(b"0\r\n\r\n")
        # CUT: the connection closes with bytes, or the last chunk, still owed.

    def _write(self, piece: bytes, *, chunked: bool) -> None:
        if chunked:
            piece = f"{len(piece):x}\r\n".encode() + piece + b"\r\n"
        self.wfile.write(piece)
        self.wfile.flush()

    def _pause(self, seconds: float) -> bool:
        """Waits in real time, also under a manual clock: the client's time is real."""
        if seconds > 0 and self.server.stopping.wait(seconds):
            self.close_connection = True
            return False
        return True

    def _hang(self) -> None:
        """Silent until the client goes away or the server is stopped."""
        self.close_connection = True
        self.connection.settimeout(0.05)
        while not self.server.stopping.is_set():
            try:
                if not self.connection.recv(1):
                    return
            except TimeoutError:
                continue
            except OSError:
                return

    def _reset(self) -> None:
        """Closes with RST, so that the client sees a reset and not an orderly end."""
        self.close_connection = True
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.connection.close()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
        """Silent: standard error belongs to the program."""
