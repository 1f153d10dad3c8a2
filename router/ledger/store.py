"""Answers kept under an idempotency key, so that asking again does not pay again.

The API has no idempotency of its own. A key is begun by one run, in one transaction that every
process sees; until it is finished, abandoned or its lease ends, others are told that it is in
progress. A finished one gives its result to whoever asks the same, until it expires.
"""

from __future__ import annotations

import asyncio
import os
import random
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from router.ledger import forking
from router.ledger.database import Connection, Failure, failure_of, open_writer, sqlite_errors

__all__ = ["Conflict", "Fresh", "InProgress", "Kept", "ResultStore", "Stored"]

KEEP_FOR = 24 * 3600.0  # seconds a result is kept
LEASE = 900.0  # seconds a run may take that has no deadline

_PURGED_AT_ONCE = 100  # expired rows deleted with each key that is begun

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Fresh:
    """The key is the caller's: run, then `finish` or `abandon` with this token."""

    token: str


@dataclass(frozen=True, slots=True)
class Stored:
    """The result of the run that had the key; see `router.ledger.results`."""

    result: bytes


@dataclass(frozen=True, slots=True)
class InProgress:
    """Another run has the key, and its lease ends in `seconds` at the latest."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Conflict:
    """The key was used for `task`, with other inputs if that is the task asked for."""

    task: str


Kept = Fresh | Stored | InProgress | Conflict


class ResultStore:
    """The keys of a ledger's file. Safe to use from threads, tasks and processes.

    Raises:
        LedgerError: from every method: the file cannot be used. A paid answer is the caller's
            all the same, the key is then free again when its lease ends.
    """

    def __init__(self, path: str | os.PathLike[str], *, busy_timeout: float = 5.0) -> None:
        self._path = os.fspath(path)
        self._busy_timeout = busy_timeout
        self._mutex = threading.Lock()  # one connection; held for a transaction, not for a wait
        self._connection: Connection | None = None
        forking.watch(self)

    def begin(
        self, key: str, task: str, inputs_digest: str, now: float, *, lease: float = LEASE
    ) -> Kept:
        """Claim a key, or learn what became of it.

        `now` is in seconds since the epoch. `lease` is for how many seconds the run may go on:
        its deadline and a little more. A run that died frees its key when the lease ends.
        """

        def claim(connection: Connection) -> Kept:
            connection.execute(
                "DELETE FROM results WHERE key IN "
                "(SELECT key FROM results WHERE expires_at <= ? LIMIT ?)",
                (now, _PURGED_AT_ONCE),
            )
            row = connection.execute(
                "SELECT task, inputs_digest, expires_at, result FROM results"
                " WHERE key = ? AND expires_at > ?",
                (key, now),
            ).fetchone()
            if row is None:
                token = secrets.token_hex(8)
                connection.execute(
                    "INSERT OR REPLACE INTO results"
                    " (key, task, inputs_digest, token, begun_at, expires_at)"
                    " VALUES (?, ?, ?, ?, ?, ?)",
                    (key, task, inputs_digest, token, now, now + lease),
                )
                return Fresh(token)
            held_task, held_digest, expires_at, result = row
            if (held_task, held_digest) != (task, inputs_digest):
                return Conflict(held_task)
            if result is None:
                return InProgress(expires_at - now)
            return Stored(bytes(result))

        return self._transaction(claim)

    def finish(
        self,
        key: str,
        result: bytes,
        now: float,
        *,
        token: str | None = None,
        keep_for: float = KEEP_FOR,
    ) -> bool:
        """Keep a result; false if the key is no longer this run's, and somebody else's is kept.

        Without a token the key is taken to be the caller's.
        """
        return self._transaction(
            lambda connection: (
                connection.execute(
                    "UPDATE results SET result = ?, expires_at = ?"
                    " WHERE key = ? AND result IS NULL AND (token = ? OR ? IS NULL)",
                    (result, now + keep_for, key, token, token),
                ).rowcount
                == 1
            )
        )

    def extend(self, key: str, until: float, *, token: str) -> bool:
        """Let a lease end at `until`, seconds since the epoch; false if it has passed to others."""
        return self._transaction(
            lambda connection: (
                connection.execute(
                    "UPDATE results SET expires_at = ?"
                    " WHERE key = ? AND result IS NULL AND token = ?",
                    (until, key, token),
                ).rowcount
                == 1
            )
        )

    def abandon(self, key: str, *, token: str | None = None) -> None:
        """Free a key whose run gave nothing to keep; a finished one stays."""
        self._transaction(
            lambda connection: connection.execute(
                "DELETE FROM results WHERE key = ? AND result IS NULL AND (token = ? OR ? IS NULL)",
                (key, token, token),
            )
        )

    async def abegin(
        self, key: str, task: str, inputs_digest: str, now: float, *, lease: float = LEASE
    ) -> Kept:
        """`begin` without blocking the event loop."""
        return await asyncio.to_thread(self.begin, key, task, inputs_digest, now, lease=lease)

    async def afinish(
        self,
        key: str,
        result: bytes,
        now: float,
        *,
        token: str | None = None,
        keep_for: float = KEEP_FOR,
    ) -> bool:
        """`finish` without blocking the event loop."""
        return await asyncio.to_thread(
            self.finish, key, result, now, token=token, keep_for=keep_for
        )

    async def aabandon(self, key: str, *, token: str | None = None) -> None:
        """`abandon` without blocking the event loop."""
        await asyncio.to_thread(self.abandon, key, token=token)

    def close(self) -> None:
        with self._mutex:
            self._disconnect()

    def _transaction(self, work: Callable[[Connection], T]) -> T:
        give_up = time.monotonic() + self._busy_timeout
        while True:
            try:
                with self._mutex:
                    return self._attempt(work)
            except Failure as failure:
                if failure.reason != "busy" or time.monotonic() > give_up:
                    raise failure.as_error("idempotency key: ") from None
            time.sleep(random.uniform(0.001, 0.02))  # noqa: S311 (jitter)

    def _attempt(self, work: Callable[[Connection], T]) -> T:
        if self._connection is None:
            self._connection = open_writer(self._path, create=True, busy_timeout=self._busy_timeout)
            # Keys are few: their log is copied in passing. What expires is an answer: it goes.
            self._connection.execute("PRAGMA wal_autocheckpoint = 1000")
            self._connection.execute("PRAGMA secure_delete = ON")
        connection = self._connection
        try:
            connection.execute("BEGIN IMMEDIATE")
            value = work(connection)
            connection.execute("COMMIT")
        except sqlite_errors as error:
            failure = failure_of(self._path, error)
            if failure.reason != "busy" or connection.in_transaction:
                self._disconnect()  # and roll back; the next try looks at the file anew
            raise failure from None
        except BaseException:
            self._disconnect()
            raise
        return value

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def before_fork(self) -> None:
        """Let go of the file; see `router.ledger.forking`."""
        self._mutex.acquire()
        self._disconnect()

    def after_fork_in_parent(self) -> None:
        self._mutex.release()

    def after_fork_in_child(self) -> None:
        self._mutex.release()
