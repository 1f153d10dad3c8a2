"""A loopback server that misbehaves on command, and attempts against it in both modes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from router.claude.call import aperform, perform
from router.claude.settings import ClientSettings, async_transport, transport
from router.engine.effects import Outcome, Request

KEY = "sk-ant-canary-0123456789abcdef"
HANG = "hang"
RESET = "reset"
CLOSE = "close"
Step = bytes | float | str


class FaultServer:
    """Serves one script of steps a request: bytes are sent, a number waits, then it ends.

    A script that ends without `CLOSE`, `RESET` or `HANG` keeps the connection. The last script
    serves every request beyond.
    """

    def __init__(self) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self.scripts: list[Sequence[Step]] = []
        self._stop = threading.Event()
        self._arrived = threading.Condition()
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def play(self, *scripts: Sequence[Step]) -> FaultServer:
        self.scripts = list(scripts)
        return self

    def wait_for(self, requests: int) -> None:
        """Return once that many requests have arrived."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.requests) >= requests, 10)

    def close(self) -> None:
        self._stop.set()
        # Closing a listener does not wake its accept; one last caller does.
        socket.create_connection(("127.0.0.1", self.port)).close()
        self._threads[0].join(5)
        for sock in self._sockets:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            sock, _ = self._listener.accept()
            if self._stop.is_set():
                sock.close()
                return
            self.connections += 1
            self._sockets.append(sock)
            thread = threading.Thread(target=self._serve, args=(sock,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket) -> None:
        with sock:
            try:
                while (request := self._read(sock)) is not None:
                    with self._arrived:
                        number = len(self.requests)
                        self.requests.append(request)
                        self._arrived.notify_all()
                    script = self.scripts[min(number, len(self.scripts) - 1)]
                    if not self._perform(sock, script):
                        return
            except OSError:
                return

    def _perform(self, sock: socket.socket, script: Sequence[Step]) -> bool:
        for step in script:
            if isinstance(step, bytes):
                sock.sendall(step)
            elif isinstance(step, float):
                if self._stop.wait(step):
                    return False
            elif step == HANG:
                self._stop.wait()
                return False
            elif step == RESET:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return False
            else:
                return False
        return True

    @staticmethod
    def _read(sock: socket.socket) -> bytes | None:
        data = b""
        while b"\r\n\r\n" not in data:
            piece = sock.recv(65536)
            if not piece:
                return None
            data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        length = 0
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        while len(body) < length:
            piece = sock.recv(65536)
            if not piece:
                return None
            body += piece
        return head + b"\r\n\r\n" + body


def http(
    body: bytes, *, status: str = "200 OK", kind: str = "application/json", **headers: str
) -> bytes:
    """A whole HTTP answer."""
    lines = [f"HTTP/1.1 {status}", f"content-type: {kind}", f"content-length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def message(**changes: Any) -> bytes:
    """The body of a good answer, with changes."""
    answer = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-haiku-5-5",
        "content": [{"type": "text", "text": "hello"}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 12, "output_tokens": 3},
    }
    answer.update(changes)
    return json.dumps(answer).encode()


def api_error(kind: str, text: str = "no", code: str | None = None) -> bytes:
    """The body of an API error."""
    error: dict[str, Any] = {"type": kind, "message": text}
    if code is not None:
        error["details"] = {"error_code": code}
    return json.dumps({"type": "error", "error": error}).encode()


def request_of(timeout: float = 5.0, **body: Any) -> Request:
    """A small request."""
    asked = {
        "model": "claude-haiku-5-5",
        "max_tokens": 64,
        "messages": [{"role": "user", "content": "canary-prompt"}],
        **body,
    }
    return Request(asked["model"], asked, timeout, "run_1", 1, "haiku", "classify")


class Kit:
    """What the tests of this folder share."""

    KEY = KEY
    HANG = HANG
    RESET = RESET
    CLOSE = CLOSE
    http = staticmethod(http)
    message = staticmethod(message)
    api_error = staticmethod(api_error)
    request = staticmethod(request_of)


@pytest.fixture(scope="session")
def kit() -> type[Kit]:
    return Kit


@pytest.fixture
def server() -> Iterator[FaultServer]:
    running = FaultServer()
    yield running
    running.close()


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that is a canary, and nothing else of the developer's own."""
    for name in ("ANTHROPIC_BASE_URL", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_CUSTOM_HEADERS"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)


@pytest.fixture(params=["blocking", "awaiting"])
def attempt(request: pytest.FixtureRequest) -> Iterator[Callable[..., Outcome]]:
    """`attempt(url, timeout=…, **body)`: one attempt over the SDK, in both modes."""
    if request.param == "blocking":
        opened = []

        def blocking(url: str, timeout: float = 5.0, **body: Any) -> Outcome:
            opened.append(transport(ClientSettings(base_url=url)))
            return perform(opened[-1], request_of(timeout, **body), time.monotonic)

        yield blocking
        for one in opened:
            one.close()
        return

    def awaiting(url: str, timeout: float = 5.0, **body: Any) -> Outcome:
        async def once() -> Outcome:
            opened = async_transport(ClientSettings(base_url=url))
            try:
                return await aperform(opened, request_of(timeout, **body), time.monotonic)
            finally:
                await opened.close()

        return asyncio.run(once())

    yield awaiting
