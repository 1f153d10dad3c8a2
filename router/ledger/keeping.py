"""What happens to records while the ledger cannot be written."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Literal

from msgspec.structs import replace

from router.engine.effects import Record
from router.errors import LedgerError
from router.ledger.buffer import Buffer, cost_of, write_spill
from router.ledger.database import Failure
from router.ledger.rows import is_open, rows_in, settled_part

__all__ = ["Keeper", "Mode"]

Mode = Literal["required", "best_effort"]

_log = logging.getLogger("router.ledger")

_SPILLED_AT_ONCE = 1000  # records a side file


class Keeper:
    """Keeps what is paid for, refuses what is not yet made, and says so once.

    `failure` is the last one, until a write succeeds; `failed_at` its instant on the monotonic
    clock. Safe to use from threads.
    """

    def __init__(
        self,
        path: str,
        mode: Mode,
        *,
        buffer_rows: int,
        keep_text: bool,
        on_drop: Callable[[int], None],
    ) -> None:
        self._path = path
        self._mode: Mode = mode
        self._keep_text = keep_text
        self._on_drop = on_drop
        self._dropping = False
        # A required ledger refuses new calls while it fails, which bounds what it must keep.
        self.buffer = Buffer(buffer_rows if mode == "best_effort" else None)
        self.failure: Failure | None = None
        self.failed_at = 0.0

    def note(self, failure: Failure) -> None:
        """The ledger has failed."""
        if self.failure is None:
            _log.error("ledger %s: %s; what is paid for is kept meanwhile", self._path, failure)
        self.failure = failure
        self.failed_at = time.monotonic()

    def recovered(self) -> None:
        """The ledger has been written again."""
        self.failure = None
        self._dropping = False
        _log.warning("ledger %s: is written again", self._path)

    def give_up(self, record: Record, failure: Failure) -> LedgerError | None:
        """Keep what must not be lost; the error for a reservation that was not made."""
        if self._mode == "best_effort":
            self.keep(record, failure)
            return None
        settled = settled_part(record)
        if settled is not None:
            self.keep(settled, failure)
        if any(map(is_open, record.attempts)):
            return failure.as_error("the attempt was not made, it could not be recorded: ")
        return None

    def set_aside(self, record: Record) -> bool:
        """Keep a record that need not wait for a failing ledger; whether that was done."""
        failure = self.failure
        if failure is None:
            return False
        if self._mode == "required" and any(map(is_open, record.attempts)):
            return False
        self.keep(record, failure)
        return True

    def keep(self, record: Record, reason: BaseException) -> None:
        """Keep a record until it can be written, or drop it where there is no room."""
        if record.texts and not self._keep_text:
            record = replace(record, texts=())  # nor in memory, nor in a side file
        if not self.buffer.keep(record):
            if not self._dropping:
                _log.error(
                    "ledger %s: its buffer is full, rows are dropped and counted: %s",
                    *(self._path, reason),
                )
            self._dropping = True
            self._on_drop(rows_in(record))

    def drop(self, record: Record, reason: Failure) -> None:
        """Give up a record that can never be written."""
        cost = cost_of([record])
        _log.error("ledger %s: rows worth %s USD are dropped: %s", self._path, cost, reason)
        self._on_drop(rows_in(record))

    def spill(self) -> None:
        """Put what is kept beside the ledger: nobody will try to write it any more."""
        while records := self.buffer.oldest(_SPILLED_AT_ONCE):
            try:
                spill = write_spill(self._path, records)
            except OSError as error:
                _log.error(
                    "ledger %s: rows worth %s USD are lost, no file can be written beside it: %s",
                    *(self._path, cost_of(records), error),
                )
                self._on_drop(sum(map(rows_in, records)))
            else:
                _log.warning(
                    "ledger %s: %d records wait in %s", self._path, len(records), spill.name
                )
            self.buffer.forget(len(records))
