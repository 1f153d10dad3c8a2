"""One SQLite file: how it is opened and checked, and what its failures mean.

The only module that imports sqlite3.
"""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

from router.errors import LedgerError
from router.ledger.forking import opening
from router.ledger.migrations import APPLICATION_ID, MIGRATIONS

__all__ = [
    "Companions",
    "Connection",
    "Cursor",
    "Failure",
    "Synchronous",
    "checkpoint",
    "companions",
    "failure_of",
    "identity",
    "leave",
    "misuse_errors",
    "open_reader",
    "open_writer",
    "sqlite_errors",
]

Connection = sqlite3.Connection
Cursor = sqlite3.Cursor
Companions = tuple[tuple[str, tuple[int, int] | None], ...]
"""Paths beside a ledger, and which files they named."""

sqlite_errors = sqlite3.Error
"""What every call on a connection may raise; `failure_of` says what it means."""

misuse_errors = (
    sqlite3.ProgrammingError,
    sqlite3.InterfaceError,
    sqlite3.IntegrityError,
    sqlite3.DataError,
    OverflowError,
    TypeError,
    ValueError,
)
"""What writing a value raises that its column cannot hold."""

Synchronous = Literal["NORMAL", "FULL"]

_WAL_LIMIT = 64 * 1024 * 1024  # bytes the -wal file is cut back to once it has been copied over


class Failure(Exception):
    """Why a ledger cannot be used just now.

    `reason` is one of busy, full, readonly, missing, corrupt, foreign, newer, invalid, io.
    `fatal` ones do not heal by waiting: someone has to look at the file.
    """

    def __init__(self, path: str, reason: str, detail: str, remedy: str) -> None:
        super().__init__(f"{detail}; {remedy}")
        self.path = path
        self.reason = reason

    @property
    def fatal(self) -> bool:
        return self.reason in ("corrupt", "foreign", "newer")

    def as_error(self, prefix: str = "") -> LedgerError:
        return LedgerError(f"{prefix}ledger {self.path}: {self}")


_REASONS: dict[int, tuple[str, str, str]] = {
    sqlite3.SQLITE_BUSY: (
        "busy",
        "locked by another process",
        "look for a program that keeps a write transaction open",
    ),
    sqlite3.SQLITE_LOCKED: ("busy", "locked within this process", "report this as a bug"),
    sqlite3.SQLITE_FULL: ("full", "no room left", "free space on its disk"),
    sqlite3.SQLITE_READONLY: (
        "readonly",
        "not writable",
        "make the file and its directory writable for this user",
    ),
    sqlite3.SQLITE_PERM: ("readonly", "not permitted", "check the owner and mode of the file"),
    sqlite3.SQLITE_CANTOPEN: (
        "readonly",
        "the file or its -wal and -shm files cannot be opened",
        "check the directory, its mode and the limit on open files",
    ),
    sqlite3.SQLITE_CORRUPT: (
        "corrupt",
        "damaged",
        "it was left as it is: restore a copy, or move it away to start a new one",
    ),
    sqlite3.SQLITE_NOTADB: (
        "corrupt",
        "not a SQLite database",
        "it was left as it is: correct the path, restore a copy, or move the file away",
    ),
}


def failure_of(path: str, error: Exception) -> Failure:
    """What an error of SQLite's means, in words of ours."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # extended codes hold theirs in one byte
    if code in _REASONS:
        return Failure(path, *_REASONS[code])
    return Failure(path, "io", f"{error}"[:200], "check the disk and the system's log")


def open_writer(
    path: str,
    *,
    create: bool,
    synchronous: Synchronous = "NORMAL",
    busy_timeout: float = 5.0,
) -> Connection:
    """A connection in WAL mode on a ledger of the newest schema, made or migrated if need be.

    The connection never waits for locks by itself, it is the caller who does; it may be used
    from any thread, from one at a time.

    Raises:
        Failure: the file is missing and `create` is false, or cannot be used.
    """
    target = Path(path)
    # Closing any descriptor of a file drops all POSIX locks the process holds on it, SQLite's
    # own included (sqlite.org/howtocorrupt, 2.2). The one descriptor of ours exists while a new
    # file is made; nothing else of this process may open the file in that moment.
    with opening:
        if create and not target.exists():
            _make(path, target)
        elif not target.exists():
            raise Failure(path, "missing", "the file has vanished", "mount or restore its place")
        try:
            return _connect_writer(path, target, synchronous, busy_timeout)
        except sqlite3.Error as error:
            raise failure_of(path, error) from None


def _make(path: str, target: Path) -> None:
    try:
        os.close(os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        pass  # another process was quicker, and made it the same way
    except OSError as error:
        if not target.parent.exists():
            said = f"there is no directory {target.parent}"
            raise Failure(path, "missing", said, "make it, or correct the path") from None
        raise Failure(
            path,
            "readonly",
            f"it cannot be made ({error.strerror})",
            "choose another path, or make its directory writable for this user",
        ) from None


def _connect_writer(
    path: str, target: Path, synchronous: Synchronous, busy_timeout: float
) -> Connection:
    connection = _connect(target, "rw", busy_timeout)
    try:
        _check(connection, path, target)
        # For a new file only. A commit writes each page it touched; with pages of half the
        # usual size that costs a fifth less, and our rows are small.
        connection.execute("PRAGMA page_size = 2048")
        _enter_wal(connection, path, busy_timeout)
        connection.execute(f"PRAGMA synchronous = {synchronous}")
        # Copying the log into the database syncs the disk: it is done by `checkpoint`, from a
        # thread that nobody waits for, and never inside somebody's write.
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute(f"PRAGMA journal_size_limit = {_WAL_LIMIT}")
        # Some builds zero what they free; it costs, and these rows hold no secrets.
        connection.execute("PRAGMA secure_delete = OFF")
        _migrate(connection)
        connection.execute("PRAGMA busy_timeout = 0")
    except BaseException:
        connection.close()
        raise
    return connection


def open_reader(path: str) -> Connection:
    """A connection that cannot write: to the ledger's rows, nor to anything else.

    Raises:
        Failure: there is no such file, or it cannot be read.
    """
    target = Path(path)
    if not target.exists():
        raise Failure(path, "missing", "no such file", "nothing has been recorded there yet")
    try:
        return _connect_reader(path, target, "ro")
    except sqlite3.Error as error:
        failure = failure_of(path, error)
    if failure.reason == "readonly" and not _log_of(target):
        # A directory that is not ours to write in, and nobody who writes the ledger: there is
        # no log to share, and reading needs none.
        try:
            return _connect_reader(path, target, "ro&immutable=1")
        except sqlite3.Error as error:
            failure = failure_of(path, error)
    raise failure


def _connect_reader(path: str, target: Path, mode: str) -> Connection:
    connection = _connect(target, mode, 5.0)
    try:
        connection.execute("PRAGMA query_only = ON")
        _check(connection, path, target)
    except BaseException:
        connection.close()
        raise
    return connection


def checkpoint(path: str, *, patient: bool) -> int:
    """Copy the log into the database; the frames (pages) that were in it, -1 if it cannot be.

    A `patient` one holds up writers for its last few frames, so that the log can begin anew;
    otherwise nobody waits, and under unbroken load the log goes on growing.
    """
    try:
        connection = _connect(Path(path), "rw", 0.1)
        try:
            mode = "RESTART" if patient else "PASSIVE"
            return int(connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()[1])
        finally:
            connection.close()
    except sqlite3.Error:
        return -1  # the next one will do it; a write meets the fault and reports it


def identity(path: str) -> tuple[int, int] | None:
    """What file a path names now: tells a vanished or replaced file from the one we opened."""
    try:
        stat = os.stat(path)  # noqa: PTH116 (a Path costs twice the look, and every write has one)
    except OSError:
        return None
    return stat.st_dev, stat.st_ino


def companions(path: str) -> Companions:
    """Which log and index files lie beside a ledger now."""
    return tuple((name, identity(name)) for name in (f"{path}-wal", f"{path}-shm"))


def leave(connection: Connection, beside: Companions) -> None:
    """Close a connection whose file is no longer at its path, and take its log and index away.

    SQLite would apply the log to whatever file is there next. First it is copied, so that a file
    that was only moved is whole. `beside` is what lay there while the connection was in use:
    what others have begun since is left alone.
    """
    with suppress(sqlite3.Error):
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
    for name, known in beside:
        if known is not None and identity(name) == known:
            with suppress(OSError):
                os.unlink(name)  # noqa: PTH108 (a string)
    connection.close()


def _connect(target: Path, mode: str, timeout: float) -> Connection:
    return sqlite3.connect(
        f"{target.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=timeout,
        isolation_level=None,  # transactions are ours to begin and to end
        check_same_thread=False,
        cached_statements=32,
    )


def _check(connection: Connection, path: str, target: Path) -> None:
    """Refuse what is no ledger of ours, before anything is written to it."""
    version = _pragma(connection, "user_version")
    application = _pragma(connection, "application_id")
    tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    if application != APPLICATION_ID and (application or version or tables):
        raise Failure(
            path, "foreign", "the database of another program", "give the ledger a path of its own"
        )
    if version > len(MIGRATIONS):
        raise Failure(
            path,
            "newer",
            f"schema version {version}, this release knows up to {len(MIGRATIONS)}",
            "upgrade policy-router",
        )
    if not _log_of(target):
        size = target.stat().st_size
        if size < _pragma(connection, "page_count") * _pragma(connection, "page_size"):
            raise Failure(path, *_REASONS[sqlite3.SQLITE_CORRUPT])


def _enter_wal(connection: Connection, path: str, busy_timeout: float) -> None:
    # Changing the journal mode does not wait as other statements do: two processes that make
    # the same ledger at once would fail each other.
    give_up = time.monotonic() + busy_timeout
    while True:
        try:
            mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        except sqlite3.OperationalError as error:
            if failure_of(path, error).reason != "busy" or time.monotonic() > give_up:
                raise
            time.sleep(0.005)
            continue
        if mode != "wal":
            raise Failure(
                path, "readonly", "its file system cannot share memory", "use a local disk"
            )
        return


def _migrate(connection: Connection) -> None:
    if _pragma(connection, "user_version") == len(MIGRATIONS):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        done = _pragma(connection, "user_version")  # another process may have been quicker
        for number, migration in enumerate(MIGRATIONS[done:], start=done + 1):
            migration(connection.execute)
            connection.execute(f"PRAGMA user_version = {number}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _pragma(connection: Connection, name: str) -> int:
    value: Any = connection.execute(f"PRAGMA {name}").fetchone()[0]
    return int(value)


def _log_of(target: Path) -> int:
    """Size of the write-ahead log; 0 where there is none."""
    try:
        return target.with_name(target.name + "-wal").stat().st_size
    except OSError:
        return 0
