"""Records that could not be written yet: in memory, and on the way out in a side file."""

from __future__ import annotations

import contextlib
import os
import secrets
import threading
from collections import deque
from collections.abc import Mapping
from decimal import Decimal
from itertools import islice
from pathlib import Path

import msgspec

from router.engine.effects import AttemptText, Record, RunRow
from router.ledger.rows import rows_in
from router.types import Attempt

__all__ = ["Buffer", "cost_of", "read_spill", "spills", "write_spill"]

_SUFFIX = ".spill.jsonl"

_encode = msgspec.json.Encoder().encode


class _Spilled(msgspec.Struct):
    """A record as it is read back: reservations come as the attempts that they stand for."""

    attempts: tuple[Attempt, ...]
    tags: Mapping[str, str]
    revision: str
    run: RunRow | None = None
    texts: tuple[AttemptText, ...] = ()


_decode = msgspec.json.Decoder(_Spilled).decode


class Buffer:
    """Records in the order they came, at most `limit` rows of them. Safe to use from threads."""

    def __init__(self, limit: int | None) -> None:
        self._limit = limit
        self._records: deque[Record] = deque()
        self._rows = 0
        self._mutex = threading.Lock()

    def __len__(self) -> int:
        return len(self._records)

    def keep(self, record: Record) -> bool:
        """Keep a record; false where there is no room for it, and it is dropped."""
        rows = rows_in(record)
        with self._mutex:
            if self._limit is not None and self._rows + rows > self._limit:
                return False
            self._records.append(record)
            self._rows += rows
            return True

    def oldest(self, count: int) -> list[Record]:
        """Up to `count` records, oldest first; they stay until they are forgotten."""
        with self._mutex:
            return list(islice(self._records, count))

    def forget(self, count: int) -> None:
        """Let go of the oldest `count` records: they are written."""
        with self._mutex:
            for _ in range(count):
                self._rows -= rows_in(self._records.popleft())


def cost_of(records: list[Record]) -> Decimal:
    """What the attempts in some records are charged with, in USD."""
    return sum((a.cost for r in records for a in r.attempts), Decimal(0))


def spills(path: str) -> list[Path]:
    """The side files of a ledger, oldest first."""
    target = Path(path)
    try:
        found = [
            entry
            for entry in target.parent.iterdir()
            if entry.name.startswith(f"{target.name}.") and entry.name.endswith(_SUFFIX)
        ]
        return sorted(found, key=lambda entry: entry.stat().st_mtime)
    except OSError:
        return []


def write_spill(path: str, records: list[Record]) -> Path:
    """Put records into a new side file of the ledger, whole or not at all.

    Each writer has a file of its own, so that none needs a lock for appending to it.

    Raises:
        OSError: it cannot be written; nothing is left behind.
    """
    target = Path(path)
    spill = target.with_name(f"{target.name}.{secrets.token_hex(6)}{_SUFFIX}")
    partial = spill.with_suffix(".partial")
    try:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.writelines(_encode(record) + b"\n" for record in records)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(spill)
    except OSError:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise
    return spill


def read_spill(spill: Path) -> tuple[list[Record], int]:
    """The records of a side file, and how many of its lines are not records.

    Raises:
        OSError: it cannot be read.
    """
    records: list[Record] = []
    damaged = 0
    for line in spill.read_bytes().splitlines():
        try:
            read = _decode(line)
        except msgspec.MsgspecError:
            damaged += 1
        else:
            records.append(Record(read.attempts, read.tags, read.revision, read.run, read.texts))
    return records, damaged
