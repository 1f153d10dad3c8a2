"""Ledgers of earlier releases are taken along; the steps themselves never change."""

from __future__ import annotations

import hashlib
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from router.ledger.migrations import MIGRATIONS
from router.ledger.reading import LedgerReader
from router.ledger.sqlite import SQLiteLedger

RELEASED = {
    1: "da7b3c3126d129d6",
    2: "79ff51e905741806",
}
"""Digest of the statements of each step. A step that is released is never changed: add another."""


def ledger_of_version(path: Path, version: int) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        for step in MIGRATIONS[:version]:
            step(connection.execute)
        connection.execute(f"PRAGMA user_version = {version}")
        connection.execute("INSERT INTO writers VALUES (1, 'elsewhere', 1, '', 0, NULL)")
        connection.execute(
            "INSERT INTO attempts (run_id, number, writer, task, tier, model, revision, role,"
            " tags, status, cost, started_at)"
            " VALUES ('old', 1, 1, 't', 'x', 'm', 'r', 'answer', '{}', 'answered', '0.1', 1.0)"
        )


@pytest.mark.parametrize("version", range(1, len(MIGRATIONS) + 1))
def test_a_ledger_of_any_version_opens_with_its_rows(tmp_path: Path, version: int) -> None:
    """From each version on, opening migrates to the newest and keeps every row."""
    path = tmp_path / "ledger.db"
    ledger_of_version(path, version)
    SQLiteLedger(path).close()
    with LedgerReader(path, now=time.time()) as reader:
        assert [a.run_id for a in reader.attempts()] == ["old"]
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_schema")}
    assert {"attempts", "runs", "writers", "results"} <= tables


def test_a_report_reads_an_older_ledger_without_changing_it(tmp_path: Path) -> None:
    """A reader takes a ledger of version 1 as it is."""
    path = tmp_path / "ledger.db"
    ledger_of_version(path, 1)
    before = path.read_bytes()
    with LedgerReader(path, now=time.time()) as reader:
        assert len(list(reader.attempts())) == 1
    assert path.read_bytes() == before


def test_released_steps_stay_as_they_are() -> None:
    """Each step still issues the statements it was released with."""
    digests = {}
    for number, step in enumerate(MIGRATIONS, start=1):
        statements: list[str] = []
        step(statements.append)
        words = " ".join(" ".join(statements).split())
        digests[number] = hashlib.sha256(words.encode()).hexdigest()[:16]
    assert digests == RELEASED
