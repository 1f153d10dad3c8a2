"""The ledger's schema, as the list of steps that lead to it.

A step is never changed once released: a ledger in the field has already taken it. A new
version is a new step at the end. `docs/ledger.md` describes the tables.
"""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["APPLICATION_ID", "MIGRATIONS", "Execute", "Migration"]

APPLICATION_ID = 0x504F4C52
"""Written into the file's header, so that another program's database is told apart ("POLR")."""

Execute = Callable[[str], object]
Migration = Callable[[Execute], None]


def m001_attempts_and_runs(execute: Execute) -> None:
    """One row per attempt, one per run, one per process that has written to the ledger.

    Costs are TEXT: decimal digits as they were computed, so that sums are exact. The tables
    are clustered by run (WITHOUT ROWID): settling a row touches the page that reserving it
    touched. There is no index on time: it would cost each reservation a tenth of its price,
    and reports read whole tables anyway.
    """
    execute(f"PRAGMA application_id = {APPLICATION_ID}")
    execute(
        """
        CREATE TABLE writers (
            id INTEGER PRIMARY KEY,
            host TEXT NOT NULL,
            pid INTEGER NOT NULL,
            process_started TEXT NOT NULL,
            opened_at REAL NOT NULL,
            closed_at REAL
        )
        """
    )
    execute(
        """
        CREATE TABLE attempts (
            run_id TEXT NOT NULL,
            number INTEGER NOT NULL,
            writer INTEGER NOT NULL,
            task TEXT NOT NULL,
            tier TEXT NOT NULL,
            model TEXT NOT NULL,
            revision TEXT NOT NULL,
            role TEXT NOT NULL,
            tags TEXT NOT NULL,
            status TEXT NOT NULL,
            cost TEXT NOT NULL,
            usage_known INTEGER NOT NULL DEFAULT 0,
            input_tokens INTEGER NOT NULL DEFAULT 0,
            output_tokens INTEGER NOT NULL DEFAULT 0,
            cache_write_5m_tokens INTEGER NOT NULL DEFAULT 0,
            cache_write_1h_tokens INTEGER NOT NULL DEFAULT 0,
            cache_read_tokens INTEGER NOT NULL DEFAULT 0,
            thinking_tokens INTEGER NOT NULL DEFAULT 0,
            started_at REAL NOT NULL,
            waited REAL NOT NULL DEFAULT 0,
            latency REAL NOT NULL DEFAULT 0,
            first_token REAL,
            http_status INTEGER,
            request_id TEXT,
            stop_reason TEXT,
            error TEXT,
            error_message TEXT,
            confidence REAL,
            escalation TEXT,
            served_model TEXT,
            emulated INTEGER NOT NULL DEFAULT 0,
            ignored TEXT NOT NULL DEFAULT '[]',
            PRIMARY KEY (run_id, number)
        ) WITHOUT ROWID
        """
    )
    execute(
        """
        CREATE TABLE runs (
            run_id TEXT PRIMARY KEY,
            task TEXT NOT NULL,
            revision TEXT NOT NULL,
            status TEXT NOT NULL,
            tier TEXT,
            model TEXT,
            confidence REAL,
            attempts INTEGER NOT NULL,
            input_tokens INTEGER NOT NULL,
            output_tokens INTEGER NOT NULL,
            cache_write_5m_tokens INTEGER NOT NULL,
            cache_write_1h_tokens INTEGER NOT NULL,
            cache_read_tokens INTEGER NOT NULL,
            thinking_tokens INTEGER NOT NULL,
            cost TEXT NOT NULL,
            top_cost TEXT NOT NULL,
            started_at REAL NOT NULL,
            latency REAL NOT NULL,
            tags TEXT NOT NULL,
            error TEXT,
            emulated INTEGER NOT NULL
        ) WITHOUT ROWID
        """
    )
    execute(
        """
        CREATE TABLE texts (
            run_id TEXT NOT NULL,
            number INTEGER NOT NULL,
            request TEXT NOT NULL,
            answer TEXT,
            PRIMARY KEY (run_id, number)
        )
        """
    )


def m002_results(execute: Execute) -> None:
    """Answers kept under an idempotency key until they expire, and the leases of runs under way."""
    execute(
        """
        CREATE TABLE results (
            key TEXT PRIMARY KEY,
            task TEXT NOT NULL,
            inputs_digest TEXT NOT NULL,
            token TEXT NOT NULL,
            begun_at REAL NOT NULL,
            expires_at REAL NOT NULL,
            result BLOB
        ) WITHOUT ROWID
        """
    )
    execute("CREATE INDEX results_by_expiry ON results (expires_at)")


MIGRATIONS: tuple[Migration, ...] = (m001_attempts_and_runs, m002_results)
"""In order; a file that has taken the first n of them has `user_version` n."""
