"""The SQLite ledger: what is recorded, and that nothing paid for is lost."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from router.engine.effects import AttemptText, Record, RunRow
from router.errors import LedgerError
from router.ledger.reading import INTERRUPTED, LedgerReader
from router.ledger.sqlite import SQLiteLedger
from router.types import Attempt, AttemptStatus, Usage

TAGS = {"product": "support"}
COST = Decimal("0.00123450")
USAGE = Usage(10, 20, 30, 40, 50, 6)


def attempt(run: str, number: int = 1, status: str = "answered", **more: object) -> Attempt:
    fields: dict[str, object] = {
        "run_id": run,
        "number": number,
        "task": "classify",
        "tier": "haiku",
        "model": "claude-haiku-5-5",
        "status": AttemptStatus(status),
        "cost": COST,
        "started_at": time.time(),
    }
    return Attempt(**(fields | more))  # type: ignore[arg-type]


def reserve(run: str, number: int = 1) -> Record:
    return Record((attempt(run, number, "reserved"),), TAGS, "rev")


def settle(run: str, number: int = 1, **more: object) -> Record:
    return Record((attempt(run, number, usage=USAGE, **more),), TAGS, "rev")


def end(run: str, attempts: int = 1) -> RunRow:
    return RunRow(
        run,
        "classify",
        "rev",
        "accepted",
        "haiku",
        "claude-haiku-5-5",
        0.9,
        attempts,
        USAGE,
        COST * attempts,
        time.time(),
        0.5,
        TAGS,
    )


def finish(run: str) -> Record:
    return Record(settle(run).attempts, TAGS, "rev", end(run))


def rows(path: Path, table: str = "attempts") -> list[dict[str, object]]:
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2")]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


# --- what is recorded -------------------------------------------------------------------


def test_a_row_is_reserved_and_then_settled_in_place(path: Path) -> None:
    """A reservation opens a row at its cost; settling fills in the same row."""
    with closing(SQLiteLedger(path)) as ledger:
        ledger.write(reserve("r1"))
        (before,) = rows(path)
        ledger.write(finish("r1"))
        (after,) = rows(path)
    assert (before["status"], before["cost"]) == ("reserved", "0.00123450")
    assert after["status"] == "answered"
    assert after["cache_write_1h_tokens"] == 40
    assert after["tags"] == '{"product":"support"}'
    (run,) = rows(path, "runs")
    assert (run["status"], run["cost"], run["attempts"]) == ("accepted", "0.00123450", 1)


def test_every_field_of_an_attempt_is_kept(path: Path) -> None:
    """A failed, streamed, escalated attempt has each of its facts in a column."""
    facts = {
        "error": "overloaded",
        "error_message": "Overloaded",
        "http_status": 529,
        "request_id": "req_1",
        "stop_reason": "refusal",
        "latency": 1.5,
        "first_token": 0.25,
        "waited": 2.0,
        "confidence": 0.4,
        "escalation": "below 0.82",
        "served_model": "claude-other",
        "role": "sample",
    }
    with closing(SQLiteLedger(path)) as ledger:
        given = attempt(
            "r1", 3, "failed", usage_known=False, emulated=True, ignored=("a", "b"), **facts
        )
        ledger.write(Record((given,), TAGS, "rev"))
    (row,) = rows(path)
    assert {name: row[name] for name in facts} == facts
    assert (row["usage_known"], row["emulated"], row["ignored"]) == (0, 1, '["a","b"]')
    assert (row["number"], row["revision"], row["status"]) == (3, "rev", "failed")


def test_writing_twice_changes_nothing(path: Path) -> None:
    """A record written again leaves one row, and a late reservation undoes no settlement."""
    with closing(SQLiteLedger(path)) as ledger:
        for record in (reserve("r1"), finish("r1"), finish("r1"), reserve("r1")):
            ledger.write(record)
    (row,) = rows(path)
    assert row["status"] == "answered"
    assert len(rows(path, "runs")) == 1


def test_a_later_settlement_adds_why_the_tier_was_left(path: Path) -> None:
    """An attempt may be settled again with its escalation, and the newer facts stand."""
    with closing(SQLiteLedger(path)) as ledger:
        ledger.write(reserve("r1"))
        ledger.write(settle("r1"))
        ledger.write(Record((settle("r1", escalation="low").attempts[0],), TAGS, "rev"))
    (row,) = rows(path)
    assert row["escalation"] == "low"


def test_only_the_owner_may_read_the_files(path: Path) -> None:
    """The database and its log and index files have mode 0600."""
    with closing(SQLiteLedger(path)) as ledger:
        ledger.write(reserve("r1"))
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert set(modes.values()) == {0o600}
    assert len(modes) == 3


def test_full_sync_records_the_same(path: Path) -> None:
    """With synchronous=FULL tasks and threads write as before."""
    with closing(SQLiteLedger(path, synchronous="FULL")) as ledger:
        ledger.write(reserve("r1"))
        asyncio.run(ledger.awrite(finish("r1")))
    assert [row["status"] for row in rows(path)] == ["answered"]


def test_a_value_no_column_takes_harms_no_other_record(path: Path) -> None:
    """A reservation that can never be stored is refused; the next one is written."""
    with closing(SQLiteLedger(path)) as ledger:
        bad = Record((attempt("bad", status="reserved", started_at=object()),), TAGS, "rev")
        with pytest.raises(LedgerError, match="no column takes"):
            ledger.write(bad)
        poison = Record((attempt("bad", latency=object()),), TAGS, "rev")
        ledger.write(poison)  # paid for: kept, then given up with a count
        ledger.write(reserve("good"))
    assert [row["run_id"] for row in rows(path)] == ["good"]
    assert ledger.dropped == 1


@pytest.mark.parametrize("keep", [True, False])
def test_texts_are_kept_only_if_asked_for(path: Path, keep: bool) -> None:
    """Prompt and answer are in the file with keep_text, and nowhere in it without."""
    texts = (AttemptText("r1", 1, {"system": "a secret recipe"}, "the secret answer"),)
    with closing(SQLiteLedger(path, keep_text=keep)) as ledger:
        ledger.write(Record(finish("r1").attempts, TAGS, "rev", end("r1"), texts))
    assert [row["answer"] for row in rows(path, "texts")] == ["the secret answer"] * keep
    assert (b"secret" in path.read_bytes()) is keep


def test_an_interrupt_in_the_middle_of_a_write_harms_nobody(path: Path) -> None:
    """Ctrl-C inside a transaction: it is undone, the settlement is kept, the line goes on."""
    hit = [True]

    def clock() -> float:
        if hit:
            hit.pop()
            raise KeyboardInterrupt
        return time.time()

    with closing(SQLiteLedger(path, clock=clock)) as ledger:
        with pytest.raises(KeyboardInterrupt):
            ledger.write(finish("r1"))
        ledger.write(finish("r2"))
        assert {row["run_id"] for row in rows(path)} == {"r1", "r2"}
    with closing(SQLiteLedger(path, clock=clock)) as ledger:
        hit.append(True)
        with pytest.raises(KeyboardInterrupt):
            asyncio.run(ledger.awrite(finish("r3")))
        ledger.write(finish("r4"))
    assert {row["run_id"] for row in rows(path)} == {"r1", "r2", "r3", "r4"}


# --- many writers -----------------------------------------------------------------------


def test_threads_and_tasks_share_a_ledger(path: Path) -> None:
    """Eight threads and a hundred tasks in two loops write at once: every row is there."""
    with closing(SQLiteLedger(path)) as ledger:

        def thread(name: int) -> None:
            for n in range(40):
                ledger.write(reserve(f"t{name}-{n}"))
                ledger.write(finish(f"t{name}-{n}"))

        async def task(name: str) -> None:
            await ledger.awrite(reserve(name))
            await ledger.awrite(finish(name))

        async def loop(name: int) -> None:
            await asyncio.gather(*(task(f"a{name}-{n}") for n in range(100)))

        with ThreadPoolExecutor(10) as pool:
            done = [pool.submit(thread, n) for n in range(8)]
            done += [pool.submit(asyncio.run, loop(n)) for n in range(2)]
            for future in done:
                future.result(30)
    assert len(rows(path)) == len(rows(path, "runs")) == 8 * 40 + 200
    assert {row["status"] for row in rows(path)} == {"answered"}


WRITER = """
    import sys, time
    from decimal import Decimal
    from router.engine.effects import Record
    from router.ledger.sqlite import SQLiteLedger
    from router.types import Attempt, AttemptStatus

    def record(run, status):
        a = Attempt(run, 1, "t", "x", "m", AttemptStatus(status), Decimal("0.001"),
                    started_at=time.time())
        return Record((a,), {}, "rev")

    path, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    ledger = SQLiteLedger(path)
"""


def writer(body: str, *arguments: object) -> subprocess.Popen[str]:
    code = textwrap.dedent(WRITER) + textwrap.dedent(body)
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)], stdout=subprocess.PIPE, text=True
    )


def test_four_processes_write_at_once(path: Path) -> None:
    """Processes that start together on a ledger yet to be made lose no row and meet no lock."""
    body = """
        for n in range(count):
            ledger.write(record(f"{name}-{n}", "reserved"))
            ledger.write(record(f"{name}-{n}", "answered"))
        ledger.close()
    """
    processes = [writer(body, path, name, 150) for name in "abcd"]
    assert [process.wait(60) for process in processes] == [0, 0, 0, 0]
    for process in processes:
        process.stdout.close()
    assert len(rows(path)) == 600
    assert {row["status"] for row in rows(path)} == {"answered"}
    assert len(rows(path, "writers")) == 4


def test_killed_writers_lose_no_acknowledged_row(path: Path) -> None:
    """kill -9 at arbitrary moments: all rows reported as written are there, none doubled."""
    body = """
        for n in range(10**9):
            ledger.write(record(f"{name}-{n}", "reserved"))
            ledger.write(record(f"{name}-{n}", "answered"))
            print(n, flush=True)
    """
    for kill in range(5):
        process = writer(body, path, kill, 0)
        wanted = str(7 + 61 * kill)
        acknowledged = -1
        for line in process.stdout:
            acknowledged = int(line)
            if line.strip() == wanted:
                process.send_signal(signal.SIGKILL)
        process.wait(10)
        process.stdout.close()
        written = {row["run_id"] for row in rows(path) if row["status"] == "answered"}
        assert {f"{kill}-{n}" for n in range(acknowledged + 1)} <= written
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    with closing(SQLiteLedger(path)) as ledger:  # and no lock is left
        ledger.write(reserve("after"))


def test_what_a_killed_process_left_is_interrupted(path: Path) -> None:
    """A reservation of a dead process shows as interrupted, one of a living process does not."""
    body = """
        ledger.write(record("theirs", "reserved"))
        print("written", flush=True)
        time.sleep(60)
    """
    process = writer(body, path, "x", 0)
    process.stdout.readline()
    with closing(SQLiteLedger(path)) as ledger:
        ledger.write(reserve("ours"))

        def statuses(now: float) -> dict[str, str]:
            with LedgerReader(path, now=now) as reader:
                return {a.run_id: a.status for a in reader.attempts()}

        assert statuses(time.time()) == {"ours": "reserved", "theirs": "reserved"}
        process.kill()
        process.wait(10)
        process.stdout.close()
        assert statuses(time.time()) == {"ours": "reserved", "theirs": INTERRUPTED}
        assert set(statuses(time.time() + 4000).values()) == {INTERRUPTED}
    assert set(statuses(time.time()).values()) == {INTERRUPTED}  # we have closed it


def test_a_fork_leaves_both_sides_a_working_ledger(path: Path) -> None:
    """Parent and child go on with one ledger object, and each is a writer of its own."""
    with closing(SQLiteLedger(path)) as ledger:
        ledger.write(reserve("before"))
        child = os.fork()
        if child == 0:
            try:
                ledger.write(finish("child"))
                asyncio.run(ledger.awrite(finish("child-task")))
                ledger.close()
            finally:
                os._exit(0)
        ledger.write(finish("parent"))
        assert os.waitpid(child, 0)[1] == 0
        ledger.write(finish("before"))
    assert {row["run_id"]: row["status"] for row in rows(path)} == dict.fromkeys(
        ("before", "child", "child-task", "parent"), "answered"
    )
    assert len(rows(path, "writers")) == 2


def test_forking_while_threads_write_harms_nothing(path: Path) -> None:
    """Forks between the writes of two threads: children write too, all rows are there."""
    with closing(SQLiteLedger(path)) as ledger:
        stop = threading.Event()
        counts = [0, 0]

        def write(name: int) -> None:
            while not stop.is_set():
                ledger.write(finish(f"t{name}-{counts[name]}"))
                counts[name] += 1

        threads = [threading.Thread(target=write, args=(name,)) for name in (0, 1)]
        for thread in threads:
            thread.start()
        children = []
        for n in range(5):
            child = os.fork()
            if child == 0:
                ledger.write(finish(f"child-{n}"))
                os._exit(0)
            children.append(child)
        assert all(os.waitpid(child, 0)[1] == 0 for child in children)
        stop.set()
        for thread in threads:
            thread.join(10)
    assert len(rows(path)) == sum(counts) + 5


# --- a lock held elsewhere --------------------------------------------------------------


@pytest.fixture
def locked(path: Path):
    """A ledger, and a function that locks its database until the returned one is called."""
    ledger = SQLiteLedger(path, busy_timeout=0.3)
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    yield ledger, other
    other.close()
    ledger.close()


def test_a_write_waits_for_another_process(locked, path: Path) -> None:
    """A write that meets a lock goes through when the lock is let go."""
    ledger, other = locked
    other.execute("BEGIN IMMEDIATE")
    timer = threading.Timer(0.1, lambda: other.execute("COMMIT"))
    timer.start()
    ledger.write(reserve("r1"))
    timer.join()
    assert len(rows(path)) == 1


def test_the_event_loop_goes_on_while_a_write_waits(locked, path: Path) -> None:
    """While another process holds the lock, the loop's other tasks run; then the row is there."""
    ledger, other = locked

    async def scene() -> int:
        ticks = 0
        other.execute("BEGIN IMMEDIATE")
        writes = [asyncio.ensure_future(ledger.awrite(reserve(f"r{n}"))) for n in range(5)]
        for _ in range(50):
            await asyncio.sleep(0.001)
            ticks += 1
        assert not any(write.done() for write in writes)
        other.execute("COMMIT")
        await asyncio.gather(*writes)
        return ticks

    assert asyncio.run(scene()) == 50
    assert len(rows(path)) == 5


def test_a_cancelled_write_is_written_all_the_same(locked, path: Path) -> None:
    """A task that is cancelled while its settlement waits loses no row."""
    ledger, other = locked

    async def scene() -> None:
        other.execute("BEGIN IMMEDIATE")
        write = asyncio.ensure_future(ledger.awrite(finish("r1")))
        await asyncio.sleep(0.01)
        write.cancel()
        with pytest.raises(asyncio.CancelledError):
            await write
        other.execute("COMMIT")
        await ledger.awrite(reserve("r2"))

    asyncio.run(scene())
    assert len(rows(path)) == 2


def test_a_required_ledger_refuses_what_it_cannot_reserve(locked, path: Path) -> None:
    """Locked for longer than the timeout: no reservation, and the error says why and where."""
    ledger, other = locked
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(LedgerError, match="locked by another process") as caught:
        ledger.write(reserve("r1"))
    assert str(path) in str(caught.value)
    with pytest.raises(LedgerError, match="not made"):
        asyncio.run(ledger.awrite(reserve("r2")))
    other.execute("COMMIT")
    ledger.write(reserve("r3"))
    assert [row["run_id"] for row in rows(path)] == ["r3"]


def test_threads_that_wait_for_a_lock_give_up_together(locked) -> None:
    """Ten threads that meet one lock wait side by side, not one after another."""
    ledger, other = locked
    other.execute("BEGIN IMMEDIATE")
    began = time.monotonic()

    def write(n: int) -> bool:
        try:
            ledger.write(reserve(f"r{n}"))
        except LedgerError:
            return True
        return False

    with ThreadPoolExecutor(10) as pool:
        assert all(pool.map(write, range(10)))
    assert time.monotonic() - began < 10 * 0.3
    other.execute("COMMIT")


# --- a ledger that cannot be written ----------------------------------------------------


def fill(ledger: SQLiteLedger) -> None:
    """Let the database take not one page more, as a full disk does."""
    execute = ledger._session._connection.execute
    execute(f"PRAGMA max_page_count = {execute('PRAGMA page_count').fetchone()[0]}")


def empty(ledger: SQLiteLedger) -> None:
    ledger._session._connection.execute("PRAGMA max_page_count = 1000000")


def reserve_until_full(ledger: SQLiteLedger) -> list[str]:
    """Runs that were reserved before the disk was full."""
    fill(ledger)
    reserved: list[str] = []
    for n in range(1000):
        run = f"r{n:03}"
        try:
            ledger.write(reserve(run))
        except LedgerError as error:
            refusal = str(error)
            break
        reserved.append(run)
    assert "no room left" in refusal
    return reserved


def test_a_full_disk_refuses_calls_and_keeps_what_is_paid(path: Path) -> None:
    """Required: no reservation on a full disk; settlements raise not, and are written later."""
    with closing(SQLiteLedger(path)) as ledger:
        reserved = reserve_until_full(ledger)
        for run in reserved:
            ledger.write(finish(run))
        assert ledger.dropped == 0
        empty(ledger)
        ledger.write(reserve("later"))
        assert {row["run_id"] for row in rows(path, "runs")} == set(reserved)
        statuses = {row["run_id"]: row["status"] for row in rows(path)}
    assert statuses == {**dict.fromkeys(reserved, "answered"), "later": "reserved"}


def test_a_record_that_settles_and_reserves_is_split_where_it_fails(path: Path) -> None:
    """One record with both: the settlement is kept, the reservation is refused."""
    with closing(SQLiteLedger(path)) as ledger:
        reserved = reserve_until_full(ledger)
        long = "x" * 4000
        both = Record(
            (attempt(reserved[-1], error_message=long), attempt(reserved[-1], 2, "reserved")),
            TAGS,
            "rev",
        )
        with pytest.raises(LedgerError, match="not made"):
            ledger.write(both)
        empty(ledger)
        ledger.write(reserve("later"))
    by_key = {(row["run_id"], row["number"]): row for row in rows(path)}
    assert by_key[reserved[-1], 1]["error_message"] == long
    assert (reserved[-1], 2) not in by_key


def test_what_cannot_be_written_at_the_end_waits_beside_the_ledger(path: Path) -> None:
    """Closed while unwritable: a private side file, which the next opening takes in."""
    ledger = SQLiteLedger(path)
    reserved = reserve_until_full(ledger)
    ledger.write(Record((attempt(reserved[0], error_message="x" * 9000),), TAGS, "rev", None))
    ledger.close()
    (spill,) = path.parent.glob("ledger.db.*.spill.jsonl")
    assert stat.S_IMODE(spill.stat().st_mode) == 0o600
    with LedgerReader(path, now=time.time()) as reader:
        assert reader.waiting() == (str(spill),)
    SQLiteLedger(path).close()
    assert not spill.exists()
    assert rows(path)[0]["status"] == "answered"


def test_damaged_lines_of_a_side_file_are_set_apart(path: Path) -> None:
    """A side file with garbage: its records are taken in, the file stays under another name."""
    ledger = SQLiteLedger(path)
    reserved = reserve_until_full(ledger)
    ledger.write(Record((attempt(reserved[0], error_message="x" * 9000),), TAGS, "rev", None))
    ledger.close()
    (spill,) = path.parent.glob("*.spill.jsonl")
    spill.write_bytes(b'{"half": \n' + spill.read_bytes())
    SQLiteLedger(path).close()
    assert rows(path)[0]["status"] == "answered"
    assert [file.suffix for file in path.parent.glob("*.spill*")] == [".rejected"]


def test_best_effort_answers_and_writes_later(path: Path) -> None:
    """Best effort on a full disk raises never; what it kept is written when there is room."""
    with closing(SQLiteLedger(path, mode="best_effort")) as ledger:
        fill(ledger)
        for n in range(100):
            ledger.write(reserve(f"r{n:03}"))
            asyncio.run(ledger.awrite(finish(f"r{n:03}")))
        assert ledger.dropped == 0
        empty(ledger)
    assert len(rows(path)) == len(rows(path, "runs")) == 100


def test_best_effort_drops_past_its_bound_and_counts(path: Path) -> None:
    """The buffer holds so many rows and no more; the rest is counted, nothing raises."""
    with closing(SQLiteLedger(path, mode="best_effort", buffer_rows=10)) as ledger:
        fill(ledger)
        for n in range(200):
            ledger.write(reserve(f"r{n:03}"))
        written = len(rows(path))
        assert ledger.dropped == 200 - written - 10
        empty(ledger)
    assert len(rows(path)) == written + 10


def test_the_worker_writes_what_was_kept_without_being_asked(path: Path) -> None:
    """After an outage the kept rows are written though nobody writes any more."""
    with closing(SQLiteLedger(path, mode="best_effort")) as ledger:
        fill(ledger)
        for n in range(50):
            ledger.write(reserve(f"r{n:03}"))
        assert len(rows(path)) < 50
        empty(ledger)
        give_up = time.monotonic() + 10
        while len(rows(path)) < 50:
            assert time.monotonic() < give_up
            threading.Event().wait(0.05)


def test_a_deleted_file_is_told_and_begun_anew(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Two ledgers on one file that is deleted: each logs it, no later row is lost or doubled."""
    with closing(SQLiteLedger(path)) as one, closing(SQLiteLedger(path)) as other:
        one.write(reserve("r1"))
        other.write(reserve("r2"))
        path.unlink()
        one.write(settle("r1"))
        other.write(settle("r2"))
        one.write(reserve("r3"))
        other.write(reserve("r4"))
        assert [row["run_id"] for row in rows(path)] == ["r1", "r2", "r3", "r4"]
    found = rows(path)
    assert [row["status"] for row in found] == ["answered", "answered", "reserved", "reserved"]
    assert len({row["writer"] for row in found}) == 2
    assert {row["id"] for row in rows(path, "writers")} == {row["writer"] for row in found}
    assert [r.levelname for r in caplog.records if "while in use" in r.getMessage()] == [
        "ERROR"
    ] * 2


def test_a_file_deleted_with_its_log_is_begun_anew_from_tasks(path: Path) -> None:
    """The same where the -wal and -shm files go too and the writer is a task."""
    with closing(SQLiteLedger(path)) as ledger:
        asyncio.run(ledger.awrite(reserve("r1")))
        for file in path.parent.glob(f"{path.name}*"):
            file.unlink()
        asyncio.run(ledger.awrite(settle("r1")))
    assert [row["status"] for row in rows(path)] == ["answered"]


def test_a_moved_file_keeps_what_was_written(path: Path) -> None:
    """A ledger moved away without its log is whole; later rows are in the new file."""
    moved = path.with_name("moved")
    with closing(SQLiteLedger(path)) as ledger:
        ledger.write(reserve("r1"))
        path.rename(moved)
        ledger.write(reserve("r2"))
    assert [row["run_id"] for row in rows(moved)] == ["r1"]
    assert [row["run_id"] for row in rows(path)] == ["r2"]


def test_a_replaced_file_gets_the_later_rows(path: Path) -> None:
    """Another ledger put in its place: rows go there, under a writer of that file."""
    spare = path.with_name("spare")
    with closing(SQLiteLedger(spare)) as ledger:
        ledger.write(reserve("r0"))
    with closing(SQLiteLedger(path)) as ledger:
        ledger.write(reserve("r1"))
        spare.replace(path)
        ledger.write(reserve("r2"))
    found = rows(path)
    assert [row["run_id"] for row in found] == ["r0", "r2"]
    assert len({row["writer"] for row in found}) == 2


def test_a_vanished_directory_is_a_fault_and_not_begun_anew(path: Path) -> None:
    """What was mounted there may come back: reservations are refused, nothing is made."""
    away = path.parent.with_name("away")
    with closing(SQLiteLedger(path)) as ledger:
        ledger.write(reserve("r1"))
        path.parent.rename(away)
        with pytest.raises(LedgerError, match="vanished"):
            ledger.write(reserve("r2"))
        assert not path.parent.exists()
        away.rename(path.parent)
        ledger.write(reserve("r3"))
    assert [row["run_id"] for row in rows(path)] == ["r1", "r3"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_an_unwritable_directory_is_refused_at_the_start(tmp_path: Path) -> None:
    """Where no file can be made, the error names the path and what to do."""
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(LedgerError, match="make its directory writable"):
            SQLiteLedger(tmp_path / "ledger.db")
    finally:
        tmp_path.chmod(0o700)


def test_a_path_that_cannot_be_made_is_refused_at_the_start(tmp_path: Path) -> None:
    """A parent that is a file: refused with the path, in required mode."""
    (tmp_path / "file").write_text("")
    with pytest.raises(LedgerError, match=r"ledger\.db"):
        SQLiteLedger(tmp_path / "file" / "ledger.db")


def test_a_directory_that_is_not_there_is_no_place_for_a_ledger(tmp_path: Path) -> None:
    """A mistyped path is told, and nothing is made of it."""
    with pytest.raises(LedgerError, match=rf"there is no directory {tmp_path}/nosuch/one; make it"):
        SQLiteLedger(tmp_path / "nosuch" / "one" / "ledger.db")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a file system nobody may write")
def test_a_read_only_file_system_is_refused_at_the_start() -> None:
    """Where not even root can make a file, the error names the path and what to do."""
    with pytest.raises(LedgerError, match=r"/proc/ledger\.db: it cannot be made"):
        SQLiteLedger("/proc/ledger.db")


def test_best_effort_begins_without_a_ledger(tmp_path: Path) -> None:
    """Best effort starts where no file can be made yet, and writes once it can."""
    blocker = tmp_path / "dir"
    blocker.write_text("")
    with closing(SQLiteLedger(blocker / "ledger.db", mode="best_effort")) as ledger:
        ledger.write(reserve("r1"))
        blocker.unlink()
        blocker.mkdir()
    assert len(rows(blocker / "ledger.db")) == 1


# --- files that are not ours to write ---------------------------------------------------


def refused_untouched(path: Path, match: str) -> None:
    before = path.read_bytes()
    for mode in ("required", "best_effort"):
        with pytest.raises(LedgerError, match=match) as caught:
            SQLiteLedger(path, mode=mode)  # type: ignore[arg-type]
        assert str(path) in str(caught.value)
    with pytest.raises(LedgerError, match=match):
        LedgerReader(path, now=0.0)
    assert path.read_bytes() == before


def test_a_file_that_is_no_database_stays_as_it_is(path: Path) -> None:
    """Garbage where the ledger should be: refused, byte for byte untouched."""
    path.write_bytes(b"these are not the rows you are looking for\n" * 100)
    refused_untouched(path, "not a SQLite database")


def test_a_cut_ledger_stays_as_it_is(path: Path) -> None:
    """A ledger that lost its second half: refused, byte for byte untouched."""
    with closing(SQLiteLedger(path)) as ledger:
        for n in range(50):
            ledger.write(finish(f"r{n}"))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    refused_untouched(path, "damaged")


def test_another_programs_database_stays_as_it_is(path: Path) -> None:
    """A database with other tables: refused, byte for byte untouched."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    refused_untouched(path, "another program")


def test_a_newer_schema_stays_as_it_is(path: Path) -> None:
    """A ledger of a later release: refused with both versions, byte for byte untouched."""
    SQLiteLedger(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    refused_untouched(path, "schema version 99")


def test_an_empty_file_is_a_ledger_to_be(path: Path) -> None:
    """A file of no bytes, made beforehand by whoever set the mode, becomes the ledger."""
    path.touch()
    with closing(SQLiteLedger(path)) as ledger:
        ledger.write(reserve("r1"))
    assert len(rows(path)) == 1
