"""The line of writers: one leads and writes for everybody who waits, in one transaction.

A transaction costs about as much as the rows in it, and a lock of another process holds up one
writer as long as ten. So whoever finds the line empty leads it: takes the database's lock,
writes its own record and those of all who came meanwhile, and tells them. Nobody else waits for
the database, and the mutex here is held for list operations only.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable

from msgspec import Struct, field

from router.engine.effects import Record
from router.errors import LedgerError

__all__ = ["Line", "Ticket", "tell"]


class Ticket(Struct, eq=False):
    """One record in line, and how its writer is told."""

    record: Record | None
    exclusive: bool = False  # wants to lead, not to be served: closing, forking
    since: float = field(default_factory=time.monotonic)
    done: bool = False
    leads: bool = False
    error: LedgerError | None = None
    gate: threading.Lock | None = None  # a thread waits
    future: asyncio.Future[None] | None = None  # a task waits


def tell(tickets: Iterable[Ticket]) -> None:
    """Let those who wait for these tickets go on. From any thread."""
    tasks: list[asyncio.Future[None]] = []
    for ticket in tickets:
        ticket.done = True
        if ticket.gate is not None:
            ticket.gate.release()
        elif ticket.future is not None:
            tasks.append(ticket.future)
    if tasks:
        _tell_tasks(tasks)


def _tell_tasks(told: list[asyncio.Future[None]]) -> None:
    loops: dict[asyncio.AbstractEventLoop, list[asyncio.Future[None]]] = {}
    for future in told:
        loops.setdefault(future.get_loop(), []).append(future)
    for loop, futures in loops.items():
        if loop is asyncio._get_running_loop():
            _resolve(futures)
            continue
        with contextlib.suppress(RuntimeError):  # a loop that is closed: nobody waits there
            loop.call_soon_threadsafe(_resolve, futures)


def _resolve(futures: list[asyncio.Future[None]]) -> None:
    for future in futures:
        if not future.done():  # else its task was cancelled
            future.set_result(None)


class Line:
    """Safe to use from threads. `delegate` is called when nobody who waits can lead."""

    def __init__(self, delegate: Callable[[], None]) -> None:
        self._delegate = delegate
        self._mutex = threading.Lock()
        self._waiting: deque[Ticket] = deque()
        self._led = False

    def enter(self, ticket: Ticket) -> None:
        """Return when the ticket is done, or with `leads` set: then the caller is the leader."""
        with self._mutex:
            if not self._led:
                self._led = ticket.leads = True
                return
            ticket.gate = threading.Lock()
            ticket.gate.acquire()
            self._waiting.append(ticket)
        try:
            ticket.gate.acquire()
        except BaseException:  # an interrupt: the record stays in line, its writer does not
            self._leave(ticket)
            raise

    def join(self, ticket: Ticket) -> bool:
        """Wait in line without ever leading; whether there is a leader who will see to it."""
        with self._mutex:
            self._waiting.append(ticket)
            return self._led

    def try_lead(self) -> bool:
        """Lead if nobody does."""
        with self._mutex:
            if self._led:
                return False
            self._led = True
            return True

    def take(self, most: int | None = None, *, older_than: float | None = None) -> list[Ticket]:
        """For the leader: tickets out of the line, to be served or refused.

        At most `most` of them, and only those `older_than` an instant of the monotonic clock.
        """
        if not self._waiting:
            return []
        taken: list[Ticket] = []
        stay: deque[Ticket] = deque()
        with self._mutex:
            for ticket in self._waiting:
                wanted = (
                    not ticket.exclusive
                    and (most is None or len(taken) < most)
                    and (older_than is None or ticket.since <= older_than)
                )
                (taken if wanted else stay).append(ticket)
            self._waiting = stay
        return taken

    def anyone(self) -> bool:
        """Whether somebody waits to be served."""
        with self._mutex:
            return any(not ticket.exclusive for ticket in self._waiting)

    def put_back(self, tickets: list[Ticket]) -> None:
        """For the leader: return tickets to the head of the line, unserved."""
        with self._mutex:
            self._waiting.extendleft(reversed(tickets))

    def hand_over(self) -> None:
        """For the leader: stop leading. The next is who wants the line, then who can wait."""
        with self._mutex:
            if not self._waiting:
                self._led = False
                return
            able = [t for t in self._waiting if t.gate is not None]
            following = next((t for t in able if t.exclusive), able[0] if able else None)
            if following is not None:
                self._waiting.remove(following)
                following.leads = True
                assert following.gate is not None  # noqa: S101 (chosen for it)
                following.gate.release()
                return
        self._delegate()  # still led: by the one who is called in

    def _leave(self, ticket: Ticket) -> None:
        with self._mutex:
            ticket.gate = None
            must_lead = ticket.leads and not ticket.done
            if must_lead and not ticket.exclusive:
                self._waiting.appendleft(ticket)
            elif ticket.exclusive and not ticket.leads:
                self._waiting.remove(ticket)
        if must_lead:
            self.hand_over()
