"""One writer's connection and its transactions. Used by one thread at a time."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from router.engine.effects import Record
from router.ledger import rows
from router.ledger.database import (
    Companions,
    Connection,
    Cursor,
    Failure,
    Synchronous,
    companions,
    failure_of,
    identity,
    leave,
    misuse_errors,
    open_writer,
    sqlite_errors,
)
from router.ledger.processes import this_process

__all__ = ["Session"]

_log = logging.getLogger("router.ledger")


class Session:
    """Opens the file when it is first needed, and again when it had to be let go.

    Rows written to an unlinked file are lost, so each transaction first looks whether the path
    still names the file that was opened. Where it does not, that is logged as an error, and the
    file that is there is gone on with, or a new one where there is none. Where its directory is
    gone too, it is a fault: what was mounted there may come back.
    """

    def __init__(
        self,
        path: str,
        synchronous: Synchronous,
        busy_timeout: float,
        clock: Callable[[], float],
        keep_text: bool = False,
    ) -> None:
        self.path = path
        self._keep_text = keep_text
        self._synchronous: Synchronous = synchronous
        self._busy_timeout = busy_timeout
        self._clock = clock
        self._connection: Connection | None = None
        self._cursor: Cursor | None = None  # one for all: making one costs a tenth of a statement
        self._known = False  # it has been opened before
        self._file: tuple[int, int] | None = None
        self._beside: Companions = ()
        self._writer: int | None = None  # our row in `writers`

    @property
    def ready(self) -> bool:
        """Whether a transaction can begin without opening anything."""
        return self._connection is not None

    def open(self) -> None:
        """Raises Failure where the file cannot be used."""
        found = identity(self.path)
        changed = self._known and found != self._file
        create = not self._known or (found is None and Path(self.path).absolute().parent.is_dir())
        self._connection = open_writer(
            self.path,
            create=create,
            synchronous=self._synchronous,
            busy_timeout=self._busy_timeout,
        )
        self._cursor = self._connection.cursor()
        self._known = True
        self._file = identity(self.path)
        self._beside = companions(self.path)
        if changed:
            self._writer = None  # it was a row of the other file
            _log.error(
                "ledger %s: the file was %s while in use; rows go to the %s one from here on",
                *(self.path, *(("deleted", "new") if found is None else ("replaced", "other"))),
            )

    def begin(self) -> None:
        """Begin a transaction, without waiting for another one's end.

        Raises:
            Failure: another process is writing (busy), or the file cannot be used.
        """
        if self._connection is not None and identity(self.path) != self._file:
            leave(self._connection, self._beside)
            self._connection = self._cursor = None
        if self._connection is None:
            self.open()
        assert self._connection is not None  # noqa: S101 (by open)
        assert self._cursor is not None  # noqa: S101 (by open)
        try:
            if self._connection.in_transaction:  # an interrupt came between two steps
                self._cursor.execute("ROLLBACK")
            self._cursor.execute("BEGIN IMMEDIATE")
        except sqlite_errors as error:
            raise self._failed(error) from None

    def commit(self, records: Sequence[Record]) -> None:
        """Write records and end the transaction that was begun, with all of them or none.

        Raises:
            Failure: none is written. Reason `invalid`: one of them cannot ever be.
        """
        assert self._cursor is not None  # noqa: S101 (begin was called)
        execute = self._cursor.execute
        writer = self._writer
        try:
            if writer is None:
                writer = self._introduce(self._cursor)
            for record in records:
                rows.write(execute, record, writer)
                if self._keep_text and record.texts:
                    rows.write_texts(execute, record)
            execute("COMMIT")
        except misuse_errors as error:
            self._roll_back()
            raise Failure(
                self.path, "invalid", f"a value that no column takes ({error})", "report this"
            ) from None
        except sqlite_errors as error:
            self._roll_back()
            raise self._failed(error) from None
        except BaseException:
            self._roll_back()
            raise
        self._writer = writer

    def disconnect(self) -> None:
        """Let go of the file; it is opened again when it is next needed."""
        connection, self._connection, self._cursor = self._connection, None, None
        if connection is not None:
            connection.close()

    def close(self) -> None:
        """Disconnect, and leave word that what is still reserved here will not be settled."""
        if self._connection is not None and self._writer is not None:
            with contextlib.suppress(sqlite_errors):  # a reader will look for the process then
                self._connection.execute(
                    "UPDATE writers SET closed_at = ? WHERE id = ?",
                    (self._clock(), self._writer),
                )
        self._writer = None
        self.disconnect()

    def forget_writer(self) -> None:
        """After a fork: this is another process, which owns none of the other's rows."""
        self._writer = None

    def _introduce(self, cursor: Cursor) -> int:
        process = this_process()
        row = cursor.execute(
            "INSERT INTO writers (host, pid, process_started, opened_at) VALUES (?, ?, ?, ?)",
            (process.host, process.pid, process.started, self._clock()),
        ).lastrowid
        assert row is not None  # noqa: S101 (an INSERT has one)
        return row

    def _roll_back(self) -> None:
        connection = self._connection
        if connection is None:
            return
        try:
            if connection.in_transaction:  # some faults have ended it already
                connection.execute("ROLLBACK")
        except sqlite_errors:
            self.disconnect()

    def _failed(self, error: Exception) -> Failure:
        failure = failure_of(self.path, error)
        if failure.reason not in ("busy", "full"):
            self.disconnect()  # whatever it was, the next try begins with looking at the file
        return failure
