"""Processes that die, fork or share; readers who leave; keys that outlive those who held them."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from router.claude.transport import TransportFault
from router.engine.limits import Circuits, Limits, RetryBudget
from router.errors import DeadlineExceeded, RunInProgress, UsageError
from router.reports import build
from router.router import Router
from router.settings import Settings
from router.testing import Emulator, ManualClock, fault, reply
from router.types import Result, TextDelta

POLICY = """
version: 1
models: {haiku: claude-haiku-5-5}
tasks:
  write:
    input:
      type: object
      required: [topic]
      additionalProperties: false
      properties: {topic: {type: string, maxLength: 100}}
    prompt: {user: 'Write about {{ topic | tag("topic") }}'}
    tiers: [{model: haiku, max_tokens: 64, timeout: 20s}]
"""
ASK = {"topic": "x"}
CHILD = """
import sys
from router.router import Router
from router.settings import Settings
url, policies, ledger, times, key = sys.argv[1:]
router = Router(policies, ledger=ledger, base_url=url, settings=Settings.from_environment({}))
for n in range(int(times)):
    router.run("write", {"topic": "x"}, key=key or None)
router.close()
"""


@pytest.fixture
def place(tmp_path: Path, environment: None) -> Path:
    (tmp_path / "p.yaml").write_text(POLICY)
    return tmp_path


@pytest.fixture
def router(place: Path, server: Any) -> Iterator[Router]:
    made = Router(
        place / "p.yaml",
        ledger=place / "ledger.db",
        base_url=server.url,
        settings=Settings.from_environment({}),
        limits=Limits(RetryBudget(), Circuits(random.random)),
    )
    yield made
    made.close()


@pytest.fixture
def offline(place: Path, router_factory: Callable[..., Router]) -> Router:
    return router_factory(place / "p.yaml", ledger=place / "ledger.db")


def child(server: Any, place: Path, times: int = 1, key: str = "") -> subprocess.Popen[bytes]:
    arguments = [server.url, place / "p.yaml", place / "ledger.db", times, key]
    return subprocess.Popen([sys.executable, "-c", CHILD, *map(str, arguments)])


def rows(place: Path, sql: str) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(place / "ledger.db")
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


ATTEMPTS = "SELECT status, cost FROM attempts ORDER BY run_id, number"


# --- processes ---------------------------------------------------------------------------


def test_what_a_killed_process_had_under_way_is_shown_as_interrupted(
    place: Path, server: Any, wire: Any
) -> None:
    """kill -9 during a call: the report counts its reservation, and its key frees by itself."""
    server.play(["hang"])
    process = child(server, place, key="k")
    server.wait_for(1)
    process.send_signal(signal.SIGKILL)
    process.wait()
    ((status, cost),) = rows(place, ATTEMPTS)
    assert status == "reserved"
    total = build(place / "ledger.db").total
    assert (total.interrupted, total.under_way, total.cost) == (1, 0, Decimal(cost))
    assert total.cost > 0

    clock = ManualClock(time.time())
    claude = Emulator(clock=clock)
    claude.script.reply("done")
    again = Router(
        place / "p.yaml",
        ledger=place / "ledger.db",
        emulator=claude,
        settings=Settings.from_environment({}),
        wall=clock.time,
    )
    with again:
        with pytest.raises(RunInProgress) as caught:
            again.run("write", ASK, key="k")
        wait = caught.value.details.retry_after
        assert wait is not None
        assert 0 < wait <= 20 + 120 + 60  # one attempt, the longest wait, some grace
        clock.advance(wait + 1)
        assert again.run("write", ASK, key="k").text == "done"


def test_processes_share_a_ledger(
    place: Path, server: Any, wire: Any, offline: Router, claude: Emulator
) -> None:
    """Every run of each has its row, and an answer kept by one is given by another."""
    server.play([wire.good(False)])
    both = [child(server, place, times=12), child(server, place, times=3, key="k")]
    kept = offline.run("write", ASK, key="mine")
    assert [process.wait(60) for process in both] == [0, 0]
    assert len(server.requests) == 13
    assert rows(place, "SELECT count(*), count(DISTINCT run_id) FROM runs") == [(14, 14)]
    assert {status for status, _ in rows(place, ATTEMPTS)} == {"answered"}
    assert (offline.run("write", ASK, key="k").text, kept.replayed) == ("hello", False)
    assert claude.calls == 1


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of forking beside threads: on purpose
def test_a_router_made_before_a_fork_works_on_both_sides(
    router: Router, place: Path, server: Any, wire: Any
) -> None:
    """Connections, ledger and locks: the child opens its own, the parent keeps its own."""
    server.play([wire.good(False)])
    assert router.run("write", ASK).text == "hello"
    for _ in range(3):
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                status = 0 if router.run("write", ASK).text == "hello" else 2
            finally:
                os._exit(status)
        assert router.run("write", ASK).text == "hello"
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert rows(place, "SELECT count(DISTINCT run_id) FROM runs") == [(7,)]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_watching_router_watches_on_in_the_child_of_a_fork(place: Path) -> None:
    """A pre-forking server's workers see edits too, from their first run on."""
    watching = Router(
        place / "p.yaml",
        ledger=place / "ledger.db",
        emulator=Emulator(),
        settings=Settings.from_environment({}),
        watch=True,
    )
    with watching:
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                lost = watching.status().watching
                watching.run("write", ASK)
                status = 0 if watching.status().watching and not lost else 2
            finally:
                os._exit(status)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        assert watching.status().watching


def test_a_blocking_run_works_inside_a_running_event_loop(
    router: Router, server: Any, wire: Any
) -> None:
    """It blocks the loop, as it says, and does not deadlock with it."""
    server.play([wire.good(False)])

    async def inside() -> tuple[str, str]:
        one = router.run("write", ASK).text
        return one, (await router.arun("write", ASK)).text

    assert asyncio.run(inside()) == ("hello", "hello")
    assert asyncio.run(inside()) == ("hello", "hello")  # another loop


def test_threads_share_a_router(router: Router, place: Path, server: Any, wire: Any) -> None:
    """Eight threads, one client, one ledger: each run accounted for."""
    server.play([wire.good(False)])
    failed: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(10):
                assert router.run("write", ASK).text == "hello"
        except BaseException as error:  # noqa: BLE001 - told to the test
            failed.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len(server.requests) == 80
    assert rows(place, "SELECT count(*), sum(attempts) FROM runs") == [(80, 80)]


# --- readers who leave -------------------------------------------------------------------


def half(wire: Any) -> list[Any]:
    return [wire.cut(wire.START, wire.OPEN, wire.delta("hel"))[0], "hang"]


def test_a_stream_that_nobody_reads_on_settles_its_row(
    router: Router, place: Path, server: Any, wire: Any
) -> None:
    """Not closed, only dropped: collecting it cancels the run and closes the connection."""
    server.play(half(wire))
    stream = router.stream("write", ASK)
    assert isinstance(next(stream), TextDelta)
    assert [status for status, _ in rows(place, ATTEMPTS)] == ["reserved"]
    del stream
    gc.collect()
    ((status, cost),) = rows(place, ATTEMPTS)
    assert (status, Decimal(cost) > 0) == ("cancelled", True)
    assert rows(place, "SELECT status, cost FROM runs") == [("cancelled", cost)]


def test_a_stream_that_was_never_begun_has_no_row(router: Router, place: Path) -> None:
    """Nothing was asked, nothing is charged."""
    stream = router.stream("write", ASK)
    del stream
    gc.collect()
    assert rows(place, ATTEMPTS) == []


@pytest.mark.parametrize("how", ["dropped", "loop ends", "cancelled", "closed"])
def test_an_awaited_stream_that_nobody_reads_on_settles_its_row(
    router: Router, place: Path, server: Any, wire: Any, how: str
) -> None:
    """However its reader leaves."""
    server.play(half(wire))

    async def read_a_little() -> None:
        stream = router.astream("write", ASK)
        assert isinstance(await anext(stream), TextDelta)
        if how == "closed":
            await stream.aclose()
        elif how == "cancelled":
            waiting = asyncio.create_task(anext(stream))  # type: ignore[arg-type]
            await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
        elif how == "loop ends":
            kept.append(stream)
        elif how == "dropped":
            del stream
            gc.collect()
            while "reserved" in [status for status, _ in rows(place, ATTEMPTS)]:  # noqa: ASYNC110
                await asyncio.sleep(0.005)

    kept: list[Any] = []
    asyncio.run(asyncio.wait_for(read_a_little(), 10))
    assert [status for status, _ in rows(place, ATTEMPTS)] == ["cancelled"]
    assert [status for (status,) in rows(place, "SELECT status FROM runs")] == ["cancelled"]


def test_cancelling_at_any_moment_leaves_no_row_open_and_mixes_no_answers(
    router: Router, place: Path, server: Any, wire: Any
) -> None:
    """Cancelled after any number of turns of the loop; the next answer is the next run's own."""
    server.play([0.002, wire.good(False)])

    async def many() -> None:
        for turns in range(60):
            task = asyncio.create_task(router.arun("write", ASK))
            for _ in range(turns % 20):
                await asyncio.sleep(0.0005 if turns % 3 else 0)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                assert (await task).text == "hello"  # it had ended
        assert (await router.arun("write", ASK)).text == "hello"
        await router.aclose()

    asyncio.run(many())
    assert "reserved" not in {status for status, _ in rows(place, ATTEMPTS)}
    paid = sum((Decimal(cost) for _, cost in rows(place, ATTEMPTS)), Decimal(0))
    assert paid == build(place / "ledger.db").total.runs_cost


# --- keys --------------------------------------------------------------------------------


def test_a_key_is_kept_through_a_run_that_outlasts_its_lease(
    offline: Router, claude: Emulator, manual_clock: ManualClock
) -> None:
    """Each attempt renews it, so that nobody else pays for the same while a run is under way."""
    seen: list[bool] = []

    def slow(request: Any) -> Any:
        manual_clock.advance(150.0)
        try:
            offline.run("write", ASK, key="k")
        except RunInProgress:
            seen.append(True)
        return fault("overloaded") if len(seen) < 5 else reply("done")

    claude.script.reply(slow)
    assert offline.run("write", ASK, key="k").text == "done"
    assert seen == [True] * 5
    assert manual_clock.monotonic() > 600
    assert offline.run("write", ASK, key="k").replayed


def test_a_task_cancelled_while_it_takes_a_key_gives_it_back(
    offline: Router, claude: Emulator
) -> None:
    """At whatever moment: the next one to ask runs."""
    claude.script.reply("done")

    async def go() -> None:
        for turns in range(12):
            task = asyncio.create_task(offline.arun("write", ASK, key=f"k{turns}"))
            for _ in range(turns):
                await asyncio.sleep(0.0005)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            for _ in range(200):
                try:
                    result = await offline.arun("write", ASK, key=f"k{turns}")
                except RunInProgress:
                    await asyncio.sleep(0.005)  # the thread that took it is still giving it back
                else:
                    break
            assert result.text == "done"

    asyncio.run(go())


@pytest.mark.parametrize("key", ["", "x" * 256, 7])
def test_a_key_that_is_none_is_refused(offline: Router, claude: Emulator, key: Any) -> None:
    """By both doors, before anything is sent."""
    with pytest.raises(UsageError, match="key"):
        offline.run("write", ASK, key=key)
    with pytest.raises(UsageError, match="key"):
        asyncio.run(offline.arun("write", ASK, key=key))
    assert claude.calls == 0


@pytest.mark.parametrize(
    "options", [{"tags": ["a"]}, {"tags": "team"}, {"deadline": "5"}, {"deadline": float("nan")}]
)
def test_a_call_that_cannot_be_meant_is_refused(
    offline: Router, claude: Emulator, options: dict[str, Any]
) -> None:
    """As a usage error, not as whatever Python makes of it."""
    with pytest.raises(UsageError):
        offline.run("write", ASK, **options)
    assert claude.calls == 0


# --- the first run of a process ----------------------------------------------------------


class SlowToBuild:
    """A client whose building, the SDK's import included, takes two seconds."""

    emulated = False

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.timeouts: list[float] = []

    def prepare(self) -> None:
        self.clock.advance(2.0)

    def send(self, request: Any) -> Any:
        self.timeouts.append(request.timeout)
        self.clock.advance(request.timeout)
        raise TransportFault("timeout", "late", maybe_billed=True)

    def close(self) -> None:
        return


class AwaitedSlowToBuild(SlowToBuild):
    async def prepare(self) -> None:  # type: ignore[override]
        self.clock.advance(2.0)

    async def send(self, request: Any) -> Any:
        return super().send(request)


@pytest.mark.parametrize("mode", ["run", "arun"])
@pytest.mark.parametrize(("deadline", "timeouts"), [(3.0, [1.0]), (1.0, [])])
def test_building_the_client_is_within_the_deadline(
    place: Path,
    router_factory: Callable[..., Router],
    manual_clock: ManualClock,
    mode: str,
    deadline: float,
    timeouts: list[float],
) -> None:
    """The first run of a process is held to its deadline like any other."""
    transport = SlowToBuild(manual_clock)
    awaited = AwaitedSlowToBuild(manual_clock)
    made = router_factory(place / "p.yaml", transport=transport, async_transport=awaited)

    async def arun() -> None:
        await made.arun("write", ASK, deadline=deadline)

    with pytest.raises(DeadlineExceeded):
        made.run("write", ASK, deadline=deadline) if mode == "run" else asyncio.run(arun())
    used = transport if mode == "run" else awaited
    assert used.timeouts[:1] == timeouts


# --- a ledger that cannot be written -----------------------------------------------------


@pytest.mark.parametrize("mode", ["required", "best_effort"])
def test_a_full_disk(
    place: Path, router_factory: Callable[..., Router], claude: Emulator, mode: str
) -> None:
    """Required: refused before anything is sent. Best effort: answered, kept, written later."""
    from router.errors import LedgerError
    from router.ledger.sqlite import SQLiteLedger

    claude.script.reply("done")
    ledger = SQLiteLedger(place / "ledger.db", mode=mode)  # type: ignore[arg-type]
    made = router_factory(place / "p.yaml", ledger=ledger)
    made.run("write", ASK)
    held = sqlite3.connect(place / "ledger.db", isolation_level=None)
    ledger._busy_timeout = 0.05
    held.execute("BEGIN EXCLUSIVE")  # nothing can be written, as on a full disk
    try:
        if mode == "required":
            with pytest.raises(LedgerError):
                made.run("write", ASK)
            assert claude.calls == 1
        else:
            assert made.run("write", ASK).text == "done"
            assert made.status().ledger_dropped == 0
    finally:
        held.execute("ROLLBACK")
        held.close()
    assert made.run("write", ASK).text == "done"
    ledger.close()
    wanted = 2 if mode == "required" else 3
    assert rows(place, "SELECT count(*) FROM runs WHERE status = 'accepted'") == [(wanted,)]
    assert {status for status, _ in rows(place, ATTEMPTS)} == {"answered"}


def test_a_deadline_is_an_error_with_an_account(router: Router, place: Path, server: Any) -> None:
    """What it may have cost is in the error and in the ledger alike."""
    server.play(["hang"])
    with pytest.raises(DeadlineExceeded) as caught:
        router.run("write", ASK, deadline=0.4)
    ((_, cost),) = rows(place, ATTEMPTS)
    assert caught.value.details.cost == Decimal(cost) > 0
    assert isinstance(caught.value.details.attempts[0].cost, Decimal)


def test_results_are_results(offline: Router, claude: Emulator) -> None:
    """A replayed answer is told from one that was paid for now."""
    claude.script.reply("done")
    first = offline.run("write", ASK, key="k")
    again = offline.run("write", ASK, key="k")
    assert isinstance(again, Result)
    assert (first.replayed, again.replayed, claude.calls) == (False, True, 1)
