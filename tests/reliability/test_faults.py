"""The fault matrix as a caller of the Router meets it: over the SDK, sockets and a real ledger.

Each row says what the endpoint does to every request, and what the caller then gets: which
error, after how many attempts, at what cost. Each is asked through all four doors.
"""

from __future__ import annotations

import contextlib
import gzip
import logging
import pickle
import random
import socket
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from router.errors import (
    AuthFailed,
    DeadlineExceeded,
    RequestRefused,
    RunError,
    StreamInterrupted,
    Unavailable,
)

MODES = ("run", "stream", "arun", "astream")
CHUNKED = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
PAGE = b"<html><head><title>502 Bad Gateway</title></head><body>KEY</body></html>"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def drip(data: bytes) -> list[bytes | float]:
    return [step for byte in data for step in (bytes([byte]), 0.04)]


@dataclass(frozen=True)
class Row:
    """One line of the matrix. `script` makes the answer to every request."""

    name: str
    script: Callable[[Any], list[Any]]
    error: type[RunError]
    attempts: int = 2
    kind: str | None = None  # in the ledger; None where two clients may tell it differently
    billed: bool = False  # the API may have charged for it: the ledger counts the reservation
    deadline: float = 5.0
    within: float = 2.5  # seconds for the whole of it
    task: str = "one"
    heals: bool | None = None  # asked again, a good answer comes; None: as `attempts` says

    @property
    def retried(self) -> bool:
        return self.attempts > 1 if self.heals is None else self.heals


def status(code: str, kind: str, **headers: str) -> Callable[[Any], list[Any]]:
    return lambda wire: [wire.error(kind, status=code, **headers)]


MATRIX = [
    Row(
        "429, retry-after in seconds",
        status("429 Slow", "rate_limit_error", retry_after="0.2"),
        Unavailable,
        kind="rate_limited",
    ),
    Row(
        "429, retry-after as a date",
        lambda wire: [
            wire.error(
                "rate_limit_error",
                status="429 Slow",
                date=formatdate(1_000_000, usegmt=True),
                retry_after=formatdate(1_000_001, usegmt=True),
            )
        ],
        Unavailable,
        kind="rate_limited",
    ),
    Row(
        "429 without retry-after",
        status("429 Slow", "rate_limit_error"),
        Unavailable,
        kind="rate_limited",
    ),
    Row(
        "429, retry-after longer than the deadline",
        status("429 Slow", "rate_limit_error", retry_after="60"),
        Unavailable,
        1,
        "rate_limited",
        within=0.6,
    ),
    Row(
        "429, retry-after over two minutes",
        status("429 Slow", "rate_limit_error", retry_after="121"),
        Unavailable,
        1,
        "rate_limited",
        deadline=1000.0,
        within=0.6,
    ),
    Row(
        "429, garbage in retry-after",
        status("429 Slow", "rate_limit_error", retry_after="soon"),
        Unavailable,
        kind="rate_limited",
    ),
    Row(
        "429 that lasts until the month ends",
        lambda wire: [
            wire.error("rate_limit_error", "enforced_spend_limit_reached", status="429 Slow")
        ],
        AuthFailed,
        1,
        "spend_limit",
    ),
    Row("529", status("529 Overloaded", "overloaded_error"), Unavailable, kind="overloaded"),
    Row("500", status("500 Oops", "api_error"), Unavailable, kind="server_error"),
    Row("503", status("503 Away", "api_error"), Unavailable, kind="server_error"),
    Row(
        "502 with a proxy's page",
        lambda wire: [wire.http(PAGE, status="502 Bad Gateway", kind="text/html")],
        Unavailable,
        kind="server_error",
        billed=True,
    ),
    Row("408", status("408 Late", "timeout_error"), Unavailable, kind="request_timeout"),
    Row("409", status("409 Conflict", "conflict_error"), Unavailable, kind="conflict"),
    Row("400", status("400 Bad", "invalid_request_error"), RequestRefused, 1, "invalid_request"),
    Row("401", status("401 Who", "authentication_error"), AuthFailed, 1, "auth"),
    Row("402", status("402 Pay", "billing_error"), AuthFailed, 1, "billing"),
    Row("403", status("403 No", "permission_error"), AuthFailed, 1, "permission"),
    Row("404", status("404 Where", "not_found_error"), RequestRefused, 1, "not_found"),
    Row("413", status("413 Large", "request_too_large"), RequestRefused, 1, "too_large"),
    Row("reset", lambda wire: ["reset"], Unavailable, kind="reset", billed=True),
    Row("closed unanswered", lambda wire: ["close"], Unavailable, kind="reset", billed=True),
    Row(
        "closed in the middle of the body",
        lambda wire: [wire.http(wire.message())[:-30], "close"],
        Unavailable,
        kind="truncated_body",
        billed=True,
    ),
    Row(
        "chunked body cut",
        lambda wire: [CHUNKED, chunk(b'{"id": "msg'), "close"],
        Unavailable,
        kind="truncated_body",
        billed=True,
    ),
    Row(
        "truncated JSON",
        lambda wire: [wire.http(wire.message()[:-30])],
        Unavailable,
        kind="truncated_body",
        billed=True,
    ),
    Row(
        "HTML under 200",
        lambda wire: [wire.http(PAGE, kind="text/html")],
        Unavailable,
        kind="bad_response",
        billed=True,
    ),
    Row("empty 200", lambda wire: [wire.http(b"")], Unavailable, kind="bad_response", billed=True),
    Row(
        "an error body under 200",
        status("200 OK", "overloaded_error"),
        Unavailable,
        kind="overloaded",
    ),
    Row(
        "gzip bomb",
        lambda wire: [wire.http(_BOMB, content_encoding="gzip")],
        Unavailable,
        kind="bad_response",
        billed=True,
    ),
    Row(
        "huge answer",
        lambda wire: [CHUNKED, *([chunk(b"x" * 65_536)] * 40)],
        Unavailable,
        kind="bad_response",
        billed=True,
    ),
    Row(
        "hang",
        lambda wire: ["hang"],
        Unavailable,
        kind="timeout",
        billed=True,
        task="brief",
    ),
    Row(
        "hang up to the deadline",
        lambda wire: ["hang"],
        DeadlineExceeded,
        1,
        "timeout",
        billed=True,
        deadline=0.3,
        within=0.6,
    ),
    Row(
        "dripping headers",
        lambda wire: drip(wire.http(wire.message())),
        Unavailable,
        kind="timeout",
        billed=True,
        task="brief",
    ),
    Row(
        "dripping body",
        lambda wire: [_head(wire), *drip(wire.message())],
        Unavailable,
        kind="timeout",
        billed=True,
        task="brief",
    ),
    Row(
        "an answer by another model where the policy is strict",
        lambda wire: [wire.http(wire.message(model="claude-opus-5-5"))],
        RequestRefused,
        1,
        billed=True,
        task="strict",
    ),
]
_BOMB = gzip.compress(b" " * 30_000_000)


def _head(wire: Any) -> bytes:
    return wire.http(wire.message()).partition(b"\r\n\r\n")[0] + b"\r\n\r\n"


def of(rows: list[Row]) -> Any:
    return pytest.mark.parametrize("row", [pytest.param(row, id=row.name) for row in rows])


ways = pytest.mark.parametrize("mode", MODES)


_warm: set[str] = set()


@pytest.fixture(autouse=True)
def warmed(request: pytest.FixtureRequest) -> None:
    """What the SDK imports and looks up once is no part of any run's time here."""
    if not _warm:
        wire, server = request.getfixturevalue("wire"), request.getfixturevalue("server")
        for mode in MODES:
            asked = request.getfixturevalue("world")(server.url, mode, folder=f"warm-{mode}")
            server.play([wire.good(asked.streams)])
            with contextlib.suppress(RunError):
                asked.ask("long")
            asked.close()
        server.requests.clear()
        _warm.update(MODES)


@pytest.fixture
def canaries(caplog: pytest.LogCaptureFixture, server: Any, wire: Any) -> Callable[..., None]:
    """`canaries(world, error)`: neither key nor prompt in anything that was said or written."""
    caplog.set_level(logging.DEBUG)

    def search(world: Any, error: BaseException | None = None) -> None:
        said = [caplog.text.encode(), world.bytes_on_disk()]
        if error is not None:
            said += [
                "".join(traceback.format_exception(error)).encode(),
                pickle.dumps(error),
                repr(vars(error)).encode(),
                repr(error.__cause__).encode() + repr(error.__context__).encode(),
            ]
        for text in said:
            assert wire.KEY.encode() not in text
            assert wire.PROMPT.encode() not in text

    return search


def connected(port: int) -> int:
    """Connections of this process to a loopback port that are still open."""
    entries = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(e[2].endswith(f":{port:04X}") and e[3] == "01" for e in entries)


def ours() -> set[threading.Thread]:
    return {t for t in threading.enumerate() if not t.name.startswith("Thread-")}


@of(MATRIX)
@ways
def test_a_fault_that_stays(
    server: Any, world: Any, wire: Any, canaries: Any, row: Row, mode: str
) -> None:
    """Typed, bounded, on time, counted once on either side, accounted for, without secrets."""
    before = ours()
    server.play(row.script(wire))
    asked = world(server.url, mode)
    with pytest.raises(RunError) as caught:
        asked.ask(row.task, row.deadline)
    error = caught.value
    assert type(error) is row.error
    assert asked.took < row.within
    assert asked.seen == [] or row.task == "strict"
    # counted by the server, by the error and by the ledger
    written = asked.attempts()
    assert len(server.requests) == len(written) == len(error.details.attempts) == row.attempts
    if row.kind is not None:
        assert {a["error"] for a in written} == {row.kind}
    # settled and charged
    assert {a["status"] for a in written} <= {"failed", "answered"}
    costs = [Decimal(a["cost"]) for a in written]
    assert all(c > 0 for c in costs) if row.billed else not any(costs)
    ((status, run_cost),) = [(r["status"], r["cost"]) for r in asked.runs()]
    assert status == "failed"
    assert sum(costs) == error.details.cost == Decimal(run_cost)
    # nothing left behind, nothing given away
    canaries(asked, error)
    assert pickle.loads(pickle.dumps(error)).details == error.details
    asked.close()
    assert connected(server.port) == 0
    # The ledger's writer, and one thread of the loop's own pool, which numbers them as it likes.
    left = ours() - before
    assert {thread.name.rstrip("0123456789") for thread in left} <= {"router-ledger", "asyncio_"}
    assert len(left) <= 2


@of([row for row in MATRIX if row.deadline == 5.0])
@ways
def test_a_fault_that_passes(
    server: Any, world: Any, wire: Any, canaries: Any, row: Row, mode: str
) -> None:
    """What may heal is asked again, once, and seen in the ledger only; the rest is not."""
    asked = world(server.url, mode)
    good = [wire.good(asked.streams)]
    server.play(row.script(wire), good)
    if not row.retried:
        with pytest.raises(row.error):
            asked.ask(row.task, row.deadline)
        assert len(server.requests) == 1
        return
    result = asked.ask(row.task, row.deadline)
    assert (result.text, result.accepted, len(result.attempts)) == ("hello", True, 2)
    assert len(server.requests) == 2
    assert [a["error"] for a in asked.attempts()] == [result.attempts[0].error, None]
    assert asked.cost() == result.cost == sum(a.cost for a in result.attempts)
    canaries(asked)


@of([row for row in MATRIX if row.attempts == 2 or row.name == "404"])
def test_a_fault_that_stays_on_one_model_falls_back(
    server: Any, world: Any, wire: Any, row: Row
) -> None:
    """Another tier answers, and the result says why the first was left."""
    asked = world(server.url, "run")
    answer = [wire.good(False, model="claude-sonnet-5-5")]
    server.play(*[row.script(wire)] * row.attempts, answer)
    result = asked.ask("two")
    assert (result.tier, result.accepted) == ("sonnet", True)
    assert [(left.tier, left.to, left.kind) for left in result.left] == [
        ("haiku", "sonnet", "fallback")
    ]
    assert len(server.requests) == row.attempts + 1


@ways
def test_nothing_listening(world: Any, canaries: Any, mode: str) -> None:
    """A refused connection is retried, costs nothing, and says that nobody is there."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    asked = world(f"http://127.0.0.1:{port}", mode)
    with pytest.raises(Unavailable, match="cannot reach") as caught:
        asked.ask()
    assert [(a["error"], a["cost"]) for a in asked.attempts()] == [("connection", "0")] * 2
    assert asked.took < 2.5
    canaries(asked, caught.value)


@ways
def test_a_wait_that_does_not_fit_says_when_to_come_back(
    server: Any, world: Any, wire: Any, mode: str
) -> None:
    """The error carries the server's word instead of sleeping past the deadline."""
    server.play([wire.error("rate_limit_error", status="429 Slow", retry_after="60")])
    asked = world(server.url, mode)
    with pytest.raises(Unavailable) as caught:
        asked.ask()
    details = caught.value.details
    assert (details.may_retry, details.retry_after) == (True, 60.0)
    assert details.request_id == "req_e"


@ways
@pytest.mark.parametrize(
    "usage",
    [None, {}, {"input_tokens": -5, "output_tokens": 3}, {"input_tokens": "12"}, [], 10**18],
)
def test_malformed_usage_does_not_cost_the_answer(
    server: Any, world: Any, wire: Any, mode: str, usage: Any
) -> None:
    """It is delivered, charged at its reservation, and marked as not known."""
    asked = world(server.url, mode)
    if asked.streams:
        first = wire.start(usage=usage)
        end = (wire.END[0], {**wire.END[1], "usage": usage})
        answer = wire.stream(first, wire.OPEN, wire.delta("hello"), wire.STOP, end, wire.LAST)
    else:
        answer = wire.http(wire.message(usage=usage))
    server.play([answer])
    result = asked.ask()
    (attempt,) = result.attempts
    assert result.text == "hello"
    assert not attempt.usage_known
    assert attempt.cost == result.cost > Decimal("0.00003")  # 64 tokens of output at the least


@ways
def test_an_answer_by_another_model_is_flagged_and_priced_by_the_dearer(
    server: Any, world: Any, wire: Any, mode: str
) -> None:
    """12 tokens in and 3 out at the price of Opus 5.5."""
    asked = world(server.url, mode)
    server.play([wire.good(asked.streams, model="claude-opus-5-5")])
    result = asked.ask()
    assert result.attempts[0].served_model == "claude-opus-5-5"
    assert result.cost == Decimal(12 * 4 + 3 * 20) / 10**6


# --- streams -----------------------------------------------------------------------------

BEFORE_TEXT: list[Row] = [
    Row(
        "an error event first",
        lambda wire: [wire.stream(("error", {"error": {"type": "overloaded_error"}}))],
        Unavailable,
        kind="overloaded",
    ),
    Row(
        "an error event before any text",
        lambda wire: [
            wire.stream(wire.START, wire.OPEN, ("error", {"error": {"type": "api_error"}}))
        ],
        Unavailable,
        kind="server_error",
        billed=True,
    ),
    Row(
        "cut before any text",
        lambda wire: wire.cut(wire.START, wire.OPEN),
        Unavailable,
        kind="truncated_body",
        billed=True,
    ),
    Row(
        "no stop reason, no text",
        lambda wire: [wire.stream(wire.START)],
        Unavailable,
        kind="truncated_body",
        billed=True,
    ),
    Row(
        "every event twice",
        lambda wire: [wire.stream(wire.START, wire.START, wire.OPEN, wire.OPEN)],
        Unavailable,
        kind="bad_stream",
        billed=True,
    ),
    Row(
        "a stall before any text",
        lambda wire: [wire.cut(wire.START, wire.OPEN)[0], "hang"],
        Unavailable,
        kind="timeout",
        billed=True,
        task="brief",
    ),
]
ALWAYS_PINGS = [b": ping\n\n", 0.05]
AFTER_TEXT: list[Row] = [
    Row(
        "an error event after text",
        lambda wire: [
            wire.cut(wire.START, wire.OPEN, wire.delta("hel"))[0],
            0.05,
            wire.events(("error", {"error": {"type": "overloaded_error"}})),
            "close",
        ],
        StreamInterrupted,
        1,
        "stream_interrupted",
        billed=True,
    ),
    Row(
        "cut after text",
        lambda wire: wire.cut(wire.START, wire.OPEN, wire.delta("hel")),
        StreamInterrupted,
        1,
        "stream_interrupted",
        billed=True,
    ),
    Row(
        "cut in the middle of an event",
        lambda wire: [
            wire.cut(wire.START, wire.OPEN, wire.delta("hel"))[0] + b'event: content_bl\ndata: {"t',
            "close",
        ],
        StreamInterrupted,
        1,
        "stream_interrupted",
        billed=True,
    ),
    Row(
        "a clean end without a stop reason",
        lambda wire: [wire.stream(wire.START, wire.OPEN, wire.delta("hel"), wire.STOP)],
        StreamInterrupted,
        1,
        "stream_interrupted",
        billed=True,
    ),
    Row(
        "a stall with pings for ever",
        lambda wire: [
            wire.cut(wire.START, wire.OPEN, wire.delta("hel"))[0],
            *(ALWAYS_PINGS * 40),
        ],
        StreamInterrupted,
        1,
        "stream_interrupted",
        billed=True,
        task="brief",
    ),
    Row(
        "a doubled event after text",
        lambda wire: [
            wire.cut(wire.START, wire.OPEN, wire.delta("hel"))[0],
            0.05,
            wire.events(wire.STOP, wire.STOP),
            "close",
        ],
        StreamInterrupted,
        1,
        "bad_stream",
        billed=True,
    ),
]


@of(BEFORE_TEXT)
@pytest.mark.parametrize("mode", MODES)
def test_a_stream_that_dies_before_its_reader_saw_text(
    server: Any, world: Any, wire: Any, canaries: Any, row: Row, mode: str
) -> None:
    """Retried unseen; plain runs of long answers are streams too, with no reader at all."""
    asked = world(server.url, mode)
    task = row.task if asked.streams else "long"
    server.play(row.script(wire))
    with pytest.raises(row.error) as caught:
        asked.ask(task)
    written = asked.attempts()
    assert len(server.requests) == len(written) == row.attempts
    assert {a["error"] for a in written} == {row.kind}
    assert all((Decimal(a["cost"]) > 0) is row.billed for a in written)
    canaries(asked, caught.value)
    server.play(*[row.script(wire)] * 3, [wire.good(True)])
    assert asked.ask(task).text == "hello"
    assert asked.seen in (["hel", "lo"], ["hello"], [])
    asked.close()
    assert connected(server.port) == 0


@of(AFTER_TEXT)
@pytest.mark.parametrize("mode", ["stream", "astream"])
def test_a_stream_that_dies_after_its_reader_saw_text(
    server: Any, world: Any, wire: Any, canaries: Any, row: Row, mode: str
) -> None:
    """No silent retry: the text so far, what it may have cost, and that it was interrupted."""
    asked = world(server.url, mode)
    server.play(row.script(wire))
    with pytest.raises(StreamInterrupted) as caught:
        asked.ask(row.task)
    error = caught.value
    assert error.text == "".join(asked.seen) == "hel"
    assert error.details.may_retry
    (attempt,) = asked.attempts()
    assert (attempt["status"], attempt["error"], len(server.requests)) == ("failed", row.kind, 1)
    # 12 tokens in and the ceiling of 64 out: what was said before the end is not the bill
    assert Decimal(attempt["cost"]) == Decimal("0.0000332") == error.details.cost
    assert asked.took < 2.5
    canaries(asked, error)
    asked.close()
    assert connected(server.port) == 0


@of(AFTER_TEXT)
@pytest.mark.parametrize("mode", ["run", "arun"])
def test_without_a_reader_a_dead_stream_is_only_a_failed_attempt(
    server: Any, world: Any, wire: Any, row: Row, mode: str
) -> None:
    """A plain run of a long answer asks again, whatever text had come."""
    asked = world(server.url, mode)
    server.play(row.script(wire), [wire.good(True)])
    result = asked.ask("long")
    assert (result.text, len(result.attempts)) == ("hello", 2)
    assert result.attempts[0].cost > 0


# --- deadlines ---------------------------------------------------------------------------


@ways
@pytest.mark.parametrize("script", ["hang", "529", "drip", "slow failures"])
def test_no_run_ends_later_than_its_deadline(
    server: Any, world: Any, wire: Any, mode: str, script: str
) -> None:
    """Attempts, waits and fallbacks together, 0.3 s given for a busy machine."""
    overloaded = wire.error("overloaded_error", status="529 Overloaded")
    server.play(
        {
            "hang": ["hang"],
            "529": [overloaded],
            "drip": drip(wire.http(wire.message())),
            "slow failures": [0.2, overloaded],
        }[script]
    )
    deadline = random.Random(script + mode).uniform(0.3, 0.9)
    asked = world(server.url, mode)
    started = time.monotonic()
    with pytest.raises((DeadlineExceeded, Unavailable)):
        asked.ask("two", deadline)
    assert time.monotonic() - started < deadline + 0.3
    assert all(a["status"] == "failed" for a in asked.attempts())
    assert isinstance(asked.runs(), list)
