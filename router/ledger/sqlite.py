"""The ledger in one SQLite file, shared by threads, tasks and processes.

How a record is written, and why so (figures: docs/ledger.md):

- One transaction a record, or one for all records that wait at that moment (`line`).
- A task's record is written on the event loop itself where the database is free: 20 µs without
  a lock wait or a disk sync cost less than waking a thread (100 to 250 µs, two switches). Where
  the database is not free, a thread waits for it and the loop goes on.
- `synchronous=NORMAL`: what was written survives kill -9 of every process; a power failure may
  take the last transactions, never the file. FULL syncs the disk each time, at ten times the
  price; its commits are made by the thread.
"""

from __future__ import annotations

import asyncio
import atexit
import logging
import os
import random
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path

from router.engine.effects import Record
from router.ledger import forking
from router.ledger.buffer import read_spill, spills
from router.ledger.database import Failure, Synchronous, checkpoint
from router.ledger.keeping import Keeper, Mode
from router.ledger.line import Line, Ticket, tell
from router.ledger.rows import settled_part
from router.ledger.session import Session
from router.ledger.worker import Worker

__all__ = ["Mode", "SQLiteLedger"]

_log = logging.getLogger("router.ledger")

_BATCH = 256  # records a transaction, so that other processes get their turn
_CHECKPOINT_PAGES = 2000  # of log, by estimate: 4 MiB, SQLite's own default
_CHECKPOINT_FRAMES = 8000  # 16 MiB of log: from here on writers are held up to let it begin anew
_RETRY_AFTER = 1.0  # seconds between the worker's tries on a ledger that fails
_FEW_RUNS = 2  # up to so many runs under way, a task's record is written without waiting for more
_MANY_RUNS = 100_000  # runs that never ended would gather here otherwise


class SQLiteLedger:
    """Records attempts and runs in the SQLite file at `path`, made if there is none.

    Args:
        path: a file on a local disk. New files and directories belong to this user alone.
        mode: `required` makes no call it cannot record: a reservation that fails raises.
            `best_effort` never raises and keeps what fails in memory, up to `buffer_rows` rows.
            In either mode a settlement that fails is kept, written when the ledger can be
            written again, and at the end put beside it, in a file that the next opening reads.
        busy_timeout: seconds to wait for another process's transaction.
        clock: seconds since the epoch.
        synchronous: see this module's head.
        buffer_rows: bound of the best-effort buffer.
        keep_text: keep what attempts sent and were answered. Otherwise no prompt and no answer
            is in the ledger.

    Raises:
        LedgerError: the file cannot be used: damaged, another program's, of a newer release
            (in either mode), or it cannot be written now (only if required).
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        mode: Mode = "required",
        busy_timeout: float = 5.0,
        clock: Callable[[], float] = time.time,
        synchronous: Synchronous = "NORMAL",
        buffer_rows: int = 10_000,
        keep_text: bool = False,
    ) -> None:
        self._path = os.fspath(path)
        self.location: str | None = self._path
        self.mode: Mode = mode
        self.dropped = 0
        self._busy_timeout = busy_timeout
        self._on_loop = synchronous == "NORMAL"
        self._buffer_rows = buffer_rows
        self._keep_text = keep_text
        self._session = Session(self._path, synchronous, busy_timeout, clock, keep_text)
        self._closed = False
        self._begin_anew()
        forking.watch(self)
        self._open()
        _open_ledgers.add(self)

    def _begin_anew(self) -> None:
        self._keeper = Keeper(
            self._path,
            self.mode,
            buffer_rows=self._buffer_rows,
            keep_text=self._keep_text,
            on_drop=self._count_dropped,
        )
        self._line = Line(self._delegate)
        self._worker = Worker(self._work)
        self._delegated = False  # the worker is to lead
        self._copying = threading.Lock()  # held while the log is copied; a fork waits for it
        self._uncopied = 0  # pages since the log was last copied, by estimate
        self._drain_on: asyncio.AbstractEventLoop | None = None  # the loop that will drain
        self._under_way: set[str] = set()  # runs of tasks

    # --- writing ------------------------------------------------------------------------

    def write(self, record: Record) -> None:
        """Write a record durably.

        Raises:
            LedgerError: a reservation could not be written and the ledger is required.
        """
        if self._keeper.failure is not None and self._keeper.set_aside(record):
            return
        ticket = Ticket(record)
        self._line.enter(ticket)
        if ticket.leads:
            self._lead(ticket)
        if ticket.error is not None:
            raise ticket.error

    async def awrite(self, record: Record) -> None:
        """The same without blocking the event loop. Where cancelled, it is written all the same.

        Raises:
            LedgerError: a reservation could not be written and the ledger is required.
        """
        if self._keeper.failure is not None and self._keeper.set_aside(record):
            return
        ticket = Ticket(record)
        few = self._few_under_way(record)
        if few and self._may_lead_on_loop() and self._line.try_lead():
            if not self._lead_on_loop(ticket):
                assert ticket.future is not None  # noqa: S101 (made for waiting)
                await ticket.future
        else:
            loop = asyncio.get_running_loop()
            ticket.future = loop.create_future()
            if not self._line.join(ticket):
                self._call_leader(loop)
            await ticket.future
        if ticket.error is not None:
            raise ticket.error

    def _count_dropped(self, rows: int) -> None:
        self.dropped += rows

    def _few_under_way(self, record: Record) -> bool:
        """Whether a record had better not wait for the company of others."""
        runs = self._under_way
        if record.run is not None:
            runs.discard(record.run.run_id)
        elif record.attempts and len(runs) < _MANY_RUNS:
            runs.add(record.attempts[0].run_id)
        return len(runs) <= _FEW_RUNS

    def _may_lead_on_loop(self) -> bool:
        return (
            self._on_loop
            and self._keeper.failure is None
            and self._session.ready
            and not self._keeper.buffer
            and not self._closed
        )

    def _call_leader(self, loop: asyncio.AbstractEventLoop) -> None:
        """See to it that somebody leads: this loop, once it has let its other tasks join in."""
        if self._may_lead_on_loop():
            if self._drain_on is not loop:
                self._drain_on = loop
                loop.call_soon(self._drain)
        elif self._line.try_lead():
            self._delegate()

    def _drain(self) -> None:
        self._drain_on = None
        if self._line.try_lead():
            self._lead_on_loop(None)

    # --- leading ------------------------------------------------------------------------

    def _lead_on_loop(self, own: Ticket | None) -> bool:
        """Serve everybody in line if that can be done at once; else the worker will."""
        tickets = [] if own is None else [own]
        served = False
        try:
            if self._may_lead_on_loop():
                self._session.begin()
                tickets += self._line.take(_BATCH)
                self._commit(tickets)
                served = True
        except Failure:
            pass  # the worker meets it again, and can wait
        finally:
            if served:
                tell(tickets)
                self._line.hand_over()
            else:
                if own is not None:
                    own.future = asyncio.get_running_loop().create_future()
                self._line.put_back(tickets)
                self._delegate()
        return served

    def _lead(self, own: Ticket | None) -> None:
        """Serve everybody in line, waiting for the database as long as they may wait."""
        tickets = [] if own is None else [own]
        try:
            if self._wait_and_begin(tickets):
                tickets += self._line.take(_BATCH)
                self._serve(tickets)
        except BaseException as error:  # an interrupt: nobody else may suffer from it
            self._abandon(own, [t for t in tickets if t is not own and not t.done], error)
            raise
        finally:
            if self._closed:
                self._retire()
            self._line.hand_over()

    def _wait_and_begin(self, tickets: list[Ticket]) -> bool:
        """Begin a transaction, with what was kept written before; false if `tickets` gave up.

        Given none, it is tried for those in line, until none is left.
        """
        for_others = not tickets
        while True:
            try:
                if self._keeper.buffer:
                    self._write_kept()
                self._session.begin()
                return True
            except Failure as failure:
                now = time.monotonic()
                patience = self._busy_timeout if failure.reason == "busy" else 0.0
                late = [t for t in tickets if t.since <= now - patience]
                tickets[:] = [t for t in tickets if t not in late]
                self._refuse(late + self._line.take(older_than=now - patience), failure)
                if not tickets and not (for_others and self._line.anyone()):
                    return False
            # SQLite's own handler does as much, and would hold up who could join meanwhile.
            time.sleep(random.uniform(0.001, 0.02))  # noqa: S311 (jitter)

    def _serve(self, tickets: list[Ticket]) -> None:
        """Write what tickets hold: together, or one by one where that fails."""
        try:
            self._commit(tickets)
        except Failure as failure:
            if len(tickets) == 1:
                self._refuse(tickets, failure)
                return
        else:
            tell(tickets)
            return
        for ticket in tickets:
            if self._wait_and_begin([ticket]):
                self._serve([ticket])

    def _commit(self, tickets: list[Ticket]) -> None:
        records = [t.record for t in tickets if t.record is not None]
        self._session.commit(records)
        if self._keeper.failure is not None:
            self._keeper.recovered()
        self._uncopied += 1 + 2 * len(records)
        if self._uncopied >= _CHECKPOINT_PAGES:
            self._worker.wake()

    def _write_kept(self) -> None:
        """Write the buffer, oldest first. Raises Failure where it cannot be written now."""
        buffer = self._keeper.buffer
        while records := buffer.oldest(_BATCH):
            self._write_all(records, self._session.begin)
            buffer.forget(len(records))

    def _write_all(self, records: list[Record], begin: Callable[[], None]) -> None:
        begin()
        try:
            self._session.commit(records)
        except Failure as failure:
            if len(records) > 1:
                for record in records:
                    self._write_all([record], begin)
            elif failure.reason == "invalid":
                self._keeper.drop(records[0], failure)
            else:
                raise

    def _abandon(self, own: Ticket | None, others: list[Ticket], error: BaseException) -> None:
        self._line.put_back(others)
        if own is not None and not own.done and own.record is not None:
            settled = settled_part(own.record)
            if settled is not None:
                self._keeper.keep(settled, error)

    def _refuse(self, tickets: list[Ticket], failure: Failure) -> None:
        if tickets:
            self._keeper.note(failure)
            self._worker.wake()
        for ticket in tickets:
            if ticket.record is not None:
                ticket.error = self._keeper.give_up(ticket.record, failure)
        tell(tickets)

    # --- the worker ---------------------------------------------------------------------

    def _delegate(self) -> None:
        self._delegated = True
        self._worker.wake()

    def _work(self) -> float | None:
        if self._delegated:
            self._delegated = False
            self._lead(None)
        if self._uncopied >= _CHECKPOINT_PAGES:
            self._copy_log()
        keeper = self._keeper
        if keeper.failure is not None and time.monotonic() - keeper.failed_at >= _RETRY_AFTER:
            ticket = Ticket(None)  # brings what was kept along
            self._line.enter(ticket)
            if ticket.leads:
                self._lead(ticket)
        return _RETRY_AFTER if keeper.failure is not None else None

    def _copy_log(self) -> None:
        self._uncopied = 0
        with self._copying:
            frames = checkpoint(self._path, patient=False)
            # All copied is not enough under load: a frame written since keeps the log growing.
            if frames > _CHECKPOINT_FRAMES:
                checkpoint(self._path, patient=True)

    # --- opening, closing, forking ------------------------------------------------------

    def _open(self) -> None:
        try:
            self._session.open()
        except Failure as failure:
            if failure.fatal or self.mode == "required":
                raise failure.as_error() from None
            self._keeper.note(failure)
            return
        for spill in spills(self._path):
            self._absorb(spill)

    def _absorb(self, spill: Path) -> None:
        """Write the rows of a side file. Two processes may do so at once: rows are not doubled."""
        try:
            records, damaged = read_spill(spill)
            for start in range(0, len(records), _BATCH):
                self._write_all(records[start : start + _BATCH], self._begin_in_time)
            if damaged:
                spill.replace(spill.with_suffix(".rejected"))
            else:
                spill.unlink(missing_ok=True)
        except (OSError, Failure) as error:
            _log.warning("ledger %s: %s stays for later: %s", self._path, spill.name, error)
            return
        _log.info(
            "ledger %s: %d records of %s written, %d damaged lines",
            *(self._path, len(records), spill.name, damaged),
        )

    def _begin_in_time(self) -> None:
        give_up = time.monotonic() + self._busy_timeout
        while True:
            try:
                return self._session.begin()
            except Failure as failure:
                if failure.reason != "busy" or time.monotonic() > give_up:
                    raise
            time.sleep(random.uniform(0.001, 0.02))  # noqa: S311 (jitter)

    def close(self) -> None:
        """Write what waits, put beside the ledger what cannot be written, and let go of it."""
        self._line.enter(Ticket(None, exclusive=True))
        self._closed = True
        try:
            tickets = [Ticket(None), *self._line.take()]
            if (self._keeper.buffer or len(tickets) > 1) and self._wait_and_begin(tickets):
                self._serve(tickets)
        finally:
            self._retire()
            self._line.hand_over()
        self._worker.stop()
        _open_ledgers.discard(self)

    def _retire(self) -> None:
        self._keeper.spill()
        self._session.close()

    def before_fork(self) -> None:
        """Let go of the file; see `router.ledger.forking`."""
        self._line.enter(Ticket(None, exclusive=True))
        self._copying.acquire()
        self._session.disconnect()

    def after_fork_in_parent(self) -> None:
        self._copying.release()
        self._line.hand_over()

    def after_fork_in_child(self) -> None:
        self._begin_anew()
        self._session.forget_writer()


_open_ledgers: weakref.WeakSet[SQLiteLedger] = weakref.WeakSet()


def _close_all() -> None:
    for ledger in list(_open_ledgers):
        ledger.close()


atexit.register(_close_all)
