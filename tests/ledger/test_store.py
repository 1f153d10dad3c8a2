"""Idempotency keys: one run pays, the others wait, are told, or are served."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from router.errors import LedgerError
from router.ledger.sqlite import SQLiteLedger
from router.ledger.store import Conflict, Fresh, InProgress, ResultStore, Stored

NOW = 1_700_000_000.0
DAY = 24 * 3600.0


@pytest.fixture
def store(tmp_path: Path):
    store = ResultStore(tmp_path / "ledger.db")
    yield store
    store.close()


def test_a_finished_key_serves_its_result(store: ResultStore) -> None:
    """Begin is fresh once, in progress until finished, then gives what was kept."""
    first = store.begin("k", "classify", "d1", NOW, lease=30)
    assert isinstance(first, Fresh)
    assert store.begin("k", "classify", "d1", NOW + 10) == InProgress(20.0)
    assert store.finish("k", b"answer", NOW + 12, token=first.token)
    assert store.begin("k", "classify", "d1", NOW + 13) == Stored(b"answer")


def test_other_inputs_or_another_task_conflict(store: ResultStore) -> None:
    """One key with other inputs or another task is a conflict, before and after the finish."""
    store.begin("k", "classify", "d1", NOW)
    assert store.begin("k", "classify", "d2", NOW) == Conflict("classify")
    store.finish("k", b"answer", NOW)
    assert store.begin("k", "extract", "d1", NOW) == Conflict("classify")


def test_a_result_expires_after_a_day_and_is_deleted(store: ResultStore, tmp_path: Path) -> None:
    """Just before 24 hours the result is served, at 24 hours the key is fresh, its answer gone."""
    store.begin("k", "classify", "d1", NOW)
    store.finish("k", b"an answer to forget", NOW)
    assert store.begin("k", "classify", "d1", NOW + DAY - 1) == Stored(b"an answer to forget")
    assert isinstance(store.begin("other", "classify", "d1", NOW + DAY), Fresh)
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as connection:
        assert connection.execute("SELECT key FROM results").fetchall() == [("other",)]
    store.close()
    assert b"an answer to forget" not in (tmp_path / "ledger.db").read_bytes()


def test_an_abandoned_key_is_free(store: ResultStore) -> None:
    """A run that gave nothing frees its key at once; a finished key is not freed."""
    store.begin("k", "classify", "d1", NOW)
    store.abandon("k")
    again = store.begin("k", "classify", "d2", NOW)
    assert isinstance(again, Fresh)
    store.finish("k", b"answer", NOW, token=again.token)
    store.abandon("k", token=again.token)
    assert store.begin("k", "classify", "d2", NOW) == Stored(b"answer")


def test_a_lease_that_ends_frees_the_key_and_binds_its_token(store: ResultStore) -> None:
    """After a crash the key is free at the deadline, and the late run cannot free or finish it."""
    late = store.begin("k", "classify", "d1", NOW, lease=30)
    second = store.begin("k", "classify", "d1", NOW + 30, lease=30)
    assert isinstance(late, Fresh)
    assert isinstance(second, Fresh)
    store.abandon("k", token=late.token)
    assert not store.finish("k", b"late", NOW + 31, token=late.token)
    assert isinstance(store.begin("k", "classify", "d1", NOW + 31), InProgress)
    assert store.finish("k", b"second", NOW + 32, token=second.token)


def test_one_of_many_threads_gets_the_key(store: ResultStore) -> None:
    """Twenty at once: one is fresh, nineteen are told that it is in progress."""
    with ThreadPoolExecutor(20) as pool:
        kept = list(pool.map(lambda _: store.begin("k", "t", "d", NOW), range(20)))
    assert sum(isinstance(k, Fresh) for k in kept) == 1
    assert sum(isinstance(k, InProgress) for k in kept) == 19


def test_one_of_many_processes_gets_the_key(store: ResultStore, tmp_path: Path) -> None:
    """Processes that begin one key on one file: exactly one is fresh."""
    code = (
        "import sys; from router.ledger.store import ResultStore\n"
        "print(type(ResultStore(sys.argv[1]).begin('k', 't', 'd', 1e9)).__name__)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "ledger.db")]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    answers = sorted(process.communicate(timeout=60)[0].strip() for process in processes)
    assert answers == ["Fresh", "InProgress", "InProgress"]


def test_tasks_use_the_store_without_blocking(store: ResultStore) -> None:
    """The async forms do as the others do."""

    async def scene() -> None:
        fresh = await store.abegin("k", "t", "d", NOW)
        assert isinstance(fresh, Fresh)
        assert await store.afinish("k", b"answer", NOW, token=fresh.token)
        assert await store.abegin("k", "t", "d", NOW) == Stored(b"answer")
        await store.abegin("k2", "t", "d", NOW)
        await store.aabandon("k2")

    asyncio.run(scene())


def test_the_store_lives_in_the_ledgers_file(tmp_path: Path) -> None:
    """Keys and attempts share one file, whichever made it."""
    with (
        closing(SQLiteLedger(tmp_path / "l.db")) as _,
        closing(ResultStore(tmp_path / "l.db")) as store,
    ):
        assert isinstance(store.begin("k", "t", "d", NOW), Fresh)


def test_a_fork_keeps_the_store_working(store: ResultStore) -> None:
    """Parent and child both go on with a store that was open before the fork."""
    store.begin("k", "t", "d", NOW)
    child = os.fork()
    if child == 0:
        seen = store.begin("k", "t", "d", NOW)
        os._exit(0 if isinstance(seen, InProgress) else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert isinstance(store.begin("k", "t", "d", NOW), InProgress)


def test_a_file_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    """Garbage at the path: a ledger error that names it."""
    (tmp_path / "l.db").write_bytes(b"no database at all, by any means" * 50)
    with pytest.raises(LedgerError, match=r"l\.db"):
        ResultStore(tmp_path / "l.db").begin("k", "t", "d", NOW)
