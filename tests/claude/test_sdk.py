"""The fault matrix over real sockets: each fault comes back typed, in time and without secrets."""

from __future__ import annotations

import contextlib
import gzip
import json
import pickle
import socket
import ssl
import subprocess
import threading
import time
from email.utils import formatdate

import pytest

from router.engine.effects import Fault, FaultKind, Reply

CHUNKED = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def test_an_answer_comes_back_whole(server, attempt, kit):
    """A good answer is a Reply with its text, usage and request id."""
    server.play([kit.http(kit.message(), request_id="req_1")])
    reply = attempt(server.url)
    assert isinstance(reply, Reply)
    assert (reply.text, reply.request_id, reply.usage.output_tokens) == ("hello", "req_1", 3)
    assert reply.latency > 0
    sent = server.requests[0]
    assert sent.startswith(b"POST /v1/messages HTTP/1.1\r\n")
    assert json.loads(sent.partition(b"\r\n\r\n")[2])["messages"][0]["content"] == "canary-prompt"


@pytest.mark.parametrize(
    ("status", "error", "code", "kind"),
    [
        ("400 Bad Request", "invalid_request_error", None, FaultKind.INVALID_REQUEST),
        ("401 Unauthorized", "authentication_error", None, FaultKind.AUTH),
        ("402 Payment Required", "billing_error", None, FaultKind.BILLING),
        ("403 Forbidden", "permission_error", None, FaultKind.PERMISSION),
        ("404 Not Found", "not_found_error", None, FaultKind.NOT_FOUND),
        ("408 Request Timeout", "timeout_error", None, FaultKind.REQUEST_TIMEOUT),
        ("409 Conflict", "conflict_error", None, FaultKind.CONFLICT),
        ("413 Too Large", "request_too_large", None, FaultKind.TOO_LARGE),
        ("429 Too Many", "rate_limit_error", None, FaultKind.RATE_LIMITED),
        ("429 Too Many", "rate_limit_error", "enforced_spend_limit_reached", FaultKind.SPEND_LIMIT),
        ("429 Too Many", "rate_limit_error", "ramp_limit_exceeded", FaultKind.RATE_LIMITED),
        ("500 Oops", "api_error", None, FaultKind.SERVER_ERROR),
        ("503 Away", "api_error", None, FaultKind.SERVER_ERROR),
        ("529 Overloaded", "overloaded_error", None, FaultKind.OVERLOADED),
        ("200 OK", "overloaded_error", None, FaultKind.OVERLOADED),
    ],
)
def test_error_answers_are_classed(server, attempt, kit, status, error, code, kind):
    """An error answer is classed by status, type and code, once: the SDK retries nothing."""
    server.play([kit.http(kit.api_error(error, "try later", code), status=status)])
    fault = attempt(server.url)
    assert isinstance(fault, Fault)
    assert (fault.kind, fault.message, fault.error_type) == (kind, "try later", error)
    assert len(server.requests) == 1


def test_retry_after_comes_in_seconds_and_as_a_date(server, attempt, kit):
    """Both forms of retry-after are resolved, the date against the answer's own clock."""
    body = kit.api_error("rate_limit_error")
    server.play(
        [kit.http(body, status="429 Too Many", retry_after="7")],
        [
            kit.http(
                body,
                status="429 Too Many",
                retry_after=formatdate(1_000_030, usegmt=True),
                date=formatdate(1_000_000, usegmt=True),
                x_should_retry="true",
            )
        ],
    )
    assert attempt(server.url).retry_after == 7
    second = attempt(server.url)
    assert (second.retry_after, second.should_retry) == (30, True)


def test_a_proxys_page_is_never_shown_raw(server, attempt, kit):
    """An HTML page under 502 gives its title, no markup, and may have been billed."""
    page = b"<html><head><title>502 Bad Gateway</title></head><script>x()</script></html>"
    server.play([kit.http(page, status="502 Bad Gateway", kind="text/html")])
    fault = attempt(server.url)
    assert fault.kind is FaultKind.SERVER_ERROR
    assert "502 Bad Gateway" in fault.message
    assert "<" not in fault.message
    assert fault.maybe_billed


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        (["close"], FaultKind.RESET),
        (["reset"], FaultKind.RESET),
        ([b"HTTP/1.1 200 OK\r\ncontent-le", "close"], None),
        ([b"HTTP/1.1 200 OK\r\ncontent-length: 90\r\n\r\n{", "close"], FaultKind.TRUNCATED_BODY),
        ([b"HTTP/1.1 200 OK\r\ncontent-length: 90\r\n\r\n{", 0.05, "reset"], None),
        ([CHUNKED, chunk(b'{"id"'), "close"], FaultKind.TRUNCATED_BODY),
        ([CHUNKED, b"zz\r\nboom\r\n", "close"], None),
        ([b"SSH-2.0-OpenSSH_9.6\r\n", "close"], FaultKind.BAD_RESPONSE),
        ([b"HTTP/1.1 two hundred\r\n\r\n", "close"], FaultKind.BAD_RESPONSE),
        ([b"HTTP/1.1 200 OK\r\nbad header\r\n\r\n", "close"], FaultKind.BAD_RESPONSE),
        ([b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n", "close"], FaultKind.BAD_RESPONSE),
        ([b"HTTP/1.1 200 OK\r\n" + b"x-pad: 1\r\n" * 20_000, "close"], FaultKind.BAD_RESPONSE),
    ],
)
def test_broken_connections_and_framing_are_typed(server, attempt, script, kind):
    """A cut, a reset or an answer that is no HTTP is typed, and may have been billed."""
    server.play(script)
    fault = attempt(server.url, 0.6)
    assert isinstance(fault, Fault)
    # aiohttp tells some of these apart less finely, and waits out a chunk of no size.
    broken = (
        FaultKind.TRUNCATED_BODY,
        FaultKind.BAD_RESPONSE,
        FaultKind.RESET,
        FaultKind.TIMEOUT,
    )
    assert fault.kind is kind or (kind is None and fault.kind in broken)
    assert fault.maybe_billed


def drip(data: bytes) -> list[bytes | float]:
    return [step for byte in data for step in (bytes([byte]), 0.05)]


@pytest.mark.parametrize(
    "case", ["hang", "drip headers", "drip body", "drip chunks", "half an answer"]
)
def test_no_attempt_outlasts_its_time_limit(server, attempt, kit, case):
    """Silence and dripping alike end at the time limit, reads that succeed included."""
    answer = kit.http(kit.message())
    head, _, body = answer.partition(b"\r\n\r\n")
    scripts = {
        "hang": [kit.HANG],
        "drip headers": drip(answer),
        "drip body": [head + b"\r\n\r\n", *drip(body)],
        "drip chunks": [CHUNKED, *[s for b in body for s in (chunk(bytes([b])), 0.05)]],
        "half an answer": [answer[:-20], kit.HANG],
    }
    server.play(scripts[case])
    attempt("http://127.0.0.1:9", 0.5)  # the SDK's import is no part of any attempt's time
    started = time.monotonic()
    fault = attempt(server.url, 0.4)
    took = time.monotonic() - started
    assert fault.kind is FaultKind.TIMEOUT
    assert fault.maybe_billed
    assert 0.35 < fault.latency < 0.9
    assert took < 2.0


def test_nothing_listening_is_a_connection_fault(attempt):
    """A refused connection is safe to retry: nothing was sent, nothing can be billed."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    fault = attempt(f"http://127.0.0.1:{port}")
    assert fault.kind is FaultKind.CONNECTION
    assert not fault.maybe_billed


def test_an_unknown_host_is_a_connection_fault(attempt):
    """A name that does not resolve is a connection fault."""
    fault = attempt("http://router-test.invalid")
    assert fault.kind is FaultKind.CONNECTION
    assert not fault.maybe_billed


def test_redirects_are_not_followed(server, attempt, kit):
    """A redirect to another port is a fault, and the prompt is not sent there."""
    seen = []
    with socket.create_server(("127.0.0.1", 0)) as other:
        other.settimeout(0.2)
        target = f"http://127.0.0.1:{other.getsockname()[1]}/v1/messages"
        server.play([kit.http(b"", status="307 Temporary Redirect", location=target)])
        fault = attempt(server.url)
        with contextlib.suppress(TimeoutError):
            seen.append(other.accept()[0])
    assert fault.kind is FaultKind.BAD_RESPONSE
    assert "redirect" in fault.message
    assert not seen


@pytest.mark.parametrize("status", ["200 OK", "500 Oops"])
def test_a_gzip_bomb_is_cut_at_the_cap(server, attempt, kit, status):
    """A small body that decodes to far more than the cap is refused, error bodies included."""
    bomb = gzip.compress(b" " * 50_000_000)
    server.play([kit.http(bomb, status=status, content_encoding="gzip")])
    fault = attempt(server.url)
    assert fault.kind is FaultKind.BAD_RESPONSE
    assert "larger than the limit" in fault.message


def test_a_huge_answer_is_cut_at_the_cap(server, attempt, kit):
    """Plain bytes beyond the cap are refused too."""
    server.play([CHUNKED, *([chunk(b"x" * 65_536)] * 40)])
    fault = attempt(server.url)
    assert fault.kind is FaultKind.BAD_RESPONSE


def test_gzip_that_nobody_asked_for_is_understood(server, attempt, kit):
    """A proxy's gzip is decoded; one that is cut in its text, or broken, is a fault."""
    packed = gzip.compress(kit.message())
    server.play(
        [kit.http(packed, content_encoding="gzip")],
        [kit.http(packed[:-20], content_encoding="gzip")],
        [kit.http(b"\x00" * 40, content_encoding="gzip")],
        [kit.http(packed, content_encoding="br")],
    )
    assert attempt(server.url).text == "hello"
    assert attempt(server.url).kind is FaultKind.TRUNCATED_BODY
    assert attempt(server.url).kind is FaultKind.BAD_RESPONSE
    assert attempt(server.url).kind is FaultKind.BAD_RESPONSE


def test_plain_text_where_tls_is_due_does_not_heal(server, attempt, kit):
    """TLS spoken to a plain server is a TLS fault, and nothing was sent."""
    server.play([kit.http(kit.message())])

    def answer_plain() -> None:
        sock, _ = listener.accept()
        sock.recv(4096)
        sock.sendall(kit.http(b"{}"))
        sock.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer_plain)
        thread.start()
        fault = attempt(f"https://127.0.0.1:{listener.getsockname()[1]}", 2.0)
        thread.join()
    assert fault.kind is FaultKind.TLS
    assert not fault.maybe_billed


def test_a_certificate_nobody_vouches_for_is_a_tls_fault(attempt, tmp_path):
    """A self-signed certificate is refused before anything is sent."""
    try:
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1",
             "-subj", "/CN=127.0.0.1", "-keyout", "k.pem", "-out", "c.pem"],
            cwd=tmp_path, check=True, capture_output=True,
        )  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no openssl command to make a certificate with")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "c.pem", tmp_path / "k.pem")

    def handshake() -> None:
        sock, _ = listener.accept()
        try:
            context.wrap_socket(sock, server_side=True).close()
        except OSError:
            sock.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=handshake)
        thread.start()
        fault = attempt(f"https://127.0.0.1:{listener.getsockname()[1]}", 2.0)
        thread.join()
    assert fault.kind is FaultKind.TLS
    assert not fault.maybe_billed


def test_a_tls_handshake_that_hangs_ends_in_time(attempt):
    """A peer that accepts and says nothing costs no more than the time limit."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        fault = attempt(f"https://127.0.0.1:{listener.getsockname()[1]}", 0.4)
    assert fault.kind in (FaultKind.CONNECTION, FaultKind.TIMEOUT)
    assert not fault.maybe_billed
    assert fault.latency < 0.9


def test_the_key_is_in_no_fault(server, attempt, kit):
    """A server that echoes the key, a bearer token and another's key leaks none of them."""
    other = "sk-ant-api03-" + "Zz9" * 20
    text = f"bad key {kit.KEY} {other} Authorization: Bearer abcdefgh12345678"
    page = f"<p>{text}</p>".encode()
    server.play(
        [kit.http(kit.api_error("authentication_error", text), status="401 No")],
        [kit.http(page, status="500 Oops", kind="text/html", request_id=kit.KEY)],
        [kit.http(page)],
        [kit.http(kit.api_error(kit.KEY, text, kit.KEY), status="400 No")],
    )
    for _ in range(4):
        fault = attempt(server.url)
        assert isinstance(fault, Fault)
        shown = repr(fault) + repr(pickle.dumps(fault)) + json.dumps(fault.message)
        for secret in (kit.KEY, other, "abcdefgh12345678"):
            assert secret not in shown


def test_connections_are_reused_and_a_dead_one_is_noticed(server, kit):
    """Answers read to their end leave the connection open; one the server closed is not used."""
    import time as clock

    from router.claude.call import perform
    from router.claude.settings import ClientSettings, transport

    good = kit.http(kit.message())
    server.play([good], [good], [good, kit.CLOSE], [good])
    opened = transport(ClientSettings(base_url=server.url))
    for _ in range(3):
        assert isinstance(perform(opened, kit.request(), clock.monotonic), Reply)
    assert server.connections == 1
    # The close arrives at its own pace; a reset is the honest answer until then.
    for _ in range(50):
        outcome = perform(opened, kit.request(), clock.monotonic)
        if isinstance(outcome, Reply):
            break
        assert outcome.kind is FaultKind.RESET
    assert isinstance(outcome, Reply)
    opened.close()
