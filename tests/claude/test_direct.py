"""Our HTTP client under the SDK: bounded as it connects and sends, honest about what went out."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
import time

import httpcore2
import pytest

from router.claude.backend import DeadlineBackend
from router.claude.call import perform
from router.claude.deadline import AttemptTimeout
from router.claude.settings import ClientSettings, transport
from router.claude.transport import TransportFault
from router.claude.upstream import fault_of
from router.engine.effects import FaultKind, Reply

BULK = "x" * 8_000_000  # more than the sockets' buffers hold


@pytest.fixture
def peer():
    """`peer(behave)`: a port whose one connection is given to `behave`."""
    threads = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(5)

        def start(behave):
            def serve():
                sock, _ = listener.accept()
                with sock:
                    behave(sock)

            threads.append(threading.Thread(target=serve))
            threads[-1].start()
            return f"http://127.0.0.1:{listener.getsockname()[1]}"

        yield start
        for thread in threads:
            thread.join(5)


def attempt(url, kit, timeout=5.0, **body):
    opened = transport(ClientSettings(base_url=url))
    opened.prepare()
    try:
        return perform(opened, kit.request(timeout, **body), time.monotonic)
    finally:
        opened.close()


@pytest.mark.parametrize("sips", [False, True])
def test_a_peer_that_takes_the_request_slowly_is_left_in_time(peer, kit, sips):
    """Whether it reads nothing or a little at a time: the limit ends the sending, not billed."""
    over = threading.Event()

    def behave(sock):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        while not over.wait(0.01):
            if sips and not sock.recv(512):
                return

    url = peer(behave)
    fault = attempt(url, kit, 0.4, messages=[{"role": "user", "content": BULK}])
    over.set()
    assert fault.kind is FaultKind.TIMEOUT
    assert not fault.maybe_billed
    assert 0.35 < fault.latency < 1.0


def test_a_request_refused_early_is_told_why(peer, kit):
    """A server may answer and hang up before it has read everything."""

    def behave(sock):
        sock.recv(4096)
        answer = kit.http(
            kit.api_error("request_too_large"), status="413 Large", connection="close"
        )
        sock.sendall(answer)
        sock.shutdown(socket.SHUT_WR)
        while sock.recv(65_536):
            pass

    fault = attempt(peer(behave), kit, messages=[{"role": "user", "content": BULK}])
    assert fault.kind is FaultKind.TOO_LARGE


def test_a_reset_while_sending_was_not_billed(peer, kit):
    """A request that did not go out whole cannot have reached the model."""

    def behave(sock):
        sock.recv(4096)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    fault = attempt(peer(behave), kit, messages=[{"role": "user", "content": BULK}])
    assert fault.kind is FaultKind.RESET
    assert not fault.maybe_billed


def test_connecting_to_a_host_that_does_not_answer_ends_in_time(kit):
    """A listener whose queue is full drops the handshake, as a firewall would."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        fillers = []
        for _ in range(8):
            fillers.append(socket.socket())
            fillers[-1].setblocking(False)
            fillers[-1].connect_ex(listener.getsockname())
        fault = attempt(f"http://127.0.0.1:{listener.getsockname()[1]}", kit, 0.4)
        for filler in fillers:
            filler.close()
    assert fault.kind is FaultKind.CONNECTION
    assert not fault.maybe_billed
    assert fault.latency < 0.9


def test_nothing_is_tried_when_no_time_is_left():
    """Every operation of a spent attempt fails at once, and as a timeout of its own kind."""
    spent = AttemptTimeout(-1.0, max_bytes=10)
    backend = DeadlineBackend()
    with pytest.raises(httpcore2.ConnectTimeout):
        backend.connect_tcp("127.0.0.1", 9, spent)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        stream = backend.connect_tcp("127.0.0.1", listener.getsockname()[1], 1.0)
        with pytest.raises(httpcore2.ReadTimeout):
            stream.read(10, spent)
        stream.write(b"GET", spent)
        with pytest.raises(httpcore2.WriteTimeout):
            stream.read(10, spent)
        with pytest.raises(httpcore2.ConnectTimeout):
            stream.start_tls(ssl.create_default_context(), "127.0.0.1", spent)
        stream.close()


def test_silence_is_bounded_apart_from_the_whole():
    """`stall` ends a read though the attempt has time left; any other number passes as it is."""
    quiet = AttemptTimeout(60.0, max_bytes=10, stall=0.05)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        stream = DeadlineBackend().connect_tcp("127.0.0.1", listener.getsockname()[1], quiet)
        for timeout in (quiet, 0.05):
            started = time.monotonic()
            with pytest.raises(httpcore2.ReadTimeout):
                stream.read(10, timeout)
            assert time.monotonic() - started < 1.0
        stream.close()


def test_tls_that_breaks_after_the_handshake_may_have_been_billed():
    """Only a handshake that fails is proof that nothing was sent."""
    broken = ssl.SSLError(1, "[SSL: BAD_RECORD] bad record mac")
    for wrapped, billed in ((httpcore2.ConnectError(), False), (httpcore2.ReadError(), True)):
        wrapped.__cause__ = broken
        assert fault_of(wrapped).maybe_billed is billed


def test_a_proxied_attempt_is_bounded_too(server, kit, monkeypatch):
    """A proxy's dripping ends at the same time limit."""
    monkeypatch.setenv("http_proxy", server.url)
    answer = kit.http(kit.message())
    server.play([step for byte in answer for step in (bytes([byte]), 0.05)])
    fault = attempt("http://router-test.invalid", kit, 0.4)
    assert fault.kind is FaultKind.TIMEOUT
    assert fault.latency < 0.9


def test_a_closed_client_sends_nothing(server, kit):
    """Calls after `close` are connection faults, and nothing is billed."""
    server.play([kit.http(kit.message())])
    opened = transport(ClientSettings(base_url=server.url))
    assert isinstance(perform(opened, kit.request(), time.monotonic), Reply)
    opened.close()
    fault = perform(opened, kit.request(), time.monotonic)
    assert fault.kind is FaultKind.CONNECTION
    assert not fault.maybe_billed
    assert len(server.requests) == 1


@pytest.mark.parametrize("url", ["ftp://127.0.0.1", "http://", "127.0.0.1:9"])
def test_a_base_url_that_cannot_be_used_sends_nothing(url, kit):
    """A ready client that has it meets a fault of the connection, never a traceback."""
    import anthropic

    client = anthropic.Anthropic(base_url=url)
    opened = transport(ClientSettings(client=client))
    fault = perform(opened, kit.request(timeout=1.0), time.monotonic)
    opened.close()
    client.close()
    assert fault.kind is FaultKind.CONNECTION
    assert not fault.maybe_billed


def test_a_host_header_of_the_callers_is_sent_once(server, kit):
    """A gateway may route by it."""
    import anthropic

    client = anthropic.Anthropic(base_url=server.url, default_headers={"Host": "inner.example"})
    server.play([kit.http(kit.message())])
    opened = transport(ClientSettings(client=client))
    assert isinstance(perform(opened, kit.request(), time.monotonic), Reply)
    opened.close()
    client.close()
    assert server.requests[0].lower().count(b"\r\nhost: ") == 1
    assert b"inner.example" in server.requests[0]


def test_an_answer_is_counted_and_timed_piece_by_piece():
    """One byte too many, or one moment too late, is a fault."""
    bounds = AttemptTimeout(60.0, max_bytes=3)
    assert bounds.take(b"abc") == b"abc"
    with pytest.raises(TransportFault, match="larger than the limit of 3 bytes"):
        bounds.take(b"d")
    with pytest.raises(TransportFault, match="time limit"):
        AttemptTimeout(-1.0, max_bytes=3).take(b"a")
