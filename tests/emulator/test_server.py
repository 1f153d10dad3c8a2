"""The loopback server: real sockets, real cuts, and nothing left behind."""

import json
import socket
import threading
import time

import pytest

from router.emulator import Emulator, fault, reply
from router.emulator.server import serve

BODY = json.dumps(
    {
        "model": "claude-haiku-5-5",
        "max_tokens": 100,
        "messages": [{"role": "user", "content": "Hello"}],
    }
).encode()


def connect(server):
    return socket.create_connection((server.host, server.port), timeout=5)


def post(connection, body=BODY, path="/v1/messages"):
    head = f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n\r\n"
    connection.sendall(head.encode() + body)


def read_all(connection):
    received = b""
    while piece := connection.recv(65536):
        received += piece
    return received


def streamed(body):
    return json.dumps({**json.loads(body), "stream": True}).encode()


def test_only_loopback_is_served():
    with pytest.raises(ValueError, match="loopback"), serve(host="0.0.0.0"):
        pass


def test_a_connection_is_kept_alive_over_many_requests():
    with serve() as server, connect(server) as connection:
        for _ in range(3):
            post(connection)
            answer = b""
            while b"\r\n\r\n" not in answer:
                answer += connection.recv(65536)
            head, _, rest = answer.partition(b"\r\n\r\n")
            size = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            while len(rest) < size:
                rest += connection.recv(65536)
            assert json.loads(rest)["type"] == "message"
        assert server.emulator.calls == 3


def test_a_reset_is_a_reset():
    emulator = Emulator()
    emulator.script.reply(fault("reset"))
    with serve(emulator) as server, connect(server) as connection:
        post(connection)
        with pytest.raises(ConnectionResetError):
            read_all(connection)


def test_a_cut_body_is_shorter_than_it_said():
    emulator = Emulator()
    emulator.script.reply(fault("truncated_body", answer="some text"))
    with serve(emulator) as server, connect(server) as connection:
        post(connection)
        head, _, rest = read_all(connection).partition(b"\r\n\r\n")
        said = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        assert 0 < len(rest) < said


def test_a_cut_stream_lacks_its_last_chunk():
    emulator = Emulator()
    emulator.script.reply(fault("truncated_body", answer="some text"))
    with serve(emulator) as server, connect(server) as connection:
        post(connection, streamed(BODY))
        received = read_all(connection)
        assert b"transfer-encoding: chunked" in received.lower()
        assert b"message_start" in received
        assert not received.endswith(b"0\r\n\r\n")


def test_a_drip_comes_piece_by_piece():
    emulator = Emulator()
    emulator.script.reply(reply("some text", pace=0.03, drip=120))
    started = time.monotonic()
    with serve(emulator) as server, connect(server) as connection:
        post(connection, streamed(BODY))
        connection.shutdown(socket.SHUT_WR)
        received = read_all(connection)
    assert received.endswith(b"0\r\n\r\n")
    assert time.monotonic() - started >= 0.03 * received.count(b"\r\n78\r\n")
    assert received.count(b"\r\n78\r\n") > 5


def test_leaving_the_block_ends_hanging_connections_and_all_threads():
    emulator = Emulator()
    arrived = threading.Semaphore(0)
    items = iter([fault("timeout"), reply("x", latency=60), fault("stalled")])

    def next_one(_):
        arrived.release()
        return next(items)

    emulator.script.reply(next_one)
    before = set(threading.enumerate())
    started = time.monotonic()
    with serve(emulator) as server:
        connections = [connect(server) for _ in range(4)]
        for connection in connections[:3]:
            post(connection)
        assert all(arrived.acquire(timeout=5) for _ in range(3))
    assert time.monotonic() - started < 10
    assert set(threading.enumerate()) <= before
    for connection in connections:
        connection.close()


def test_a_client_that_goes_away_disturbs_nobody(capfd):
    emulator = Emulator()
    emulator.script.reply(reply("text " * 2000, pace=0.001), "fine")
    with serve(emulator) as server:
        with connect(server) as connection:
            post(connection, streamed(BODY).replace(b"100", b"9000"))
            connection.recv(100)
        with connect(server) as connection:
            post(connection)
            connection.shutdown(socket.SHUT_WR)
            assert b"fine" in read_all(connection)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (b"POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n", b"411"),
        (b"POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999\r\n\r\n", b"413"),
        (b"GET /v1/nothing HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", b"404"),
    ],
)
def test_what_is_no_request_is_answered_in_kind(request_bytes, status):
    with serve() as server, connect(server) as connection:
        connection.sendall(request_bytes)
        assert status in connection.recv(65536).split(b"\r\n")[0]
