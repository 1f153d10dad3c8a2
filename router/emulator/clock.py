"""Time for the emulator: the machine's, or one that a test turns by hand."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from typing import Protocol

__all__ = ["Clock", "ManualClock", "SystemClock"]

_START = 1_795_348_800.0  # 2026-11-22T12:00:00Z: a day on which the catalog's facts hold


class Clock(Protocol):
    """Wall time, a monotonic time, and ways to let time pass. All in seconds."""

    def time(self) -> float:
        """Seconds since the epoch."""
        ...

    def monotonic(self) -> float: ...

    def sleep(self, seconds: float) -> None: ...

    async def asleep(self, seconds: float) -> None: ...


class SystemClock:
    """The machine's clock."""

    def time(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        if seconds > 0:
            time.sleep(seconds)

    async def asleep(self, seconds: float) -> None:
        import asyncio  # as costly to load as the rest of the emulator, and often not needed

        await asyncio.sleep(max(seconds, 0.0))


class ManualClock:
    """A clock that only moves when it is told to, or when somebody sleeps on it.

    A sleep returns at once and moves the clock by its length, so a run that waits for minutes is
    tested in microseconds. Awaited sleeps that overlap wake in the order of their ends, as they
    would in real time; they do not add up.
    """

    def __init__(self, start: float = _START) -> None:
        self._start = start
        self._now = start
        self._lock = threading.Lock()
        self._sleepers: list[tuple[float, int]] = []
        self._tickets = itertools.count()

    def time(self) -> float:
        """Seconds since the epoch."""
        return self._now

    def monotonic(self) -> float:
        """Seconds since this clock was made."""
        return self._now - self._start

    def advance(self, seconds: float) -> None:
        """Moves the clock. Raises ValueError for a step back."""
        if seconds < 0:
            raise ValueError("a monotonic clock cannot be turned back")
        with self._lock:
            self._now += seconds

    def sleep(self, seconds: float) -> None:
        """Moves the clock instead of waiting."""
        self.advance(max(seconds, 0.0))

    async def asleep(self, seconds: float) -> None:
        """`sleep`, awaited; sleeps that overlap end in their order."""
        import asyncio

        ticket = (self._now + max(seconds, 0.0), next(self._tickets))
        heapq.heappush(self._sleepers, ticket)
        try:
            # One turn of the loop lets sleepers that started together all be counted; after that
            # only the earliest may go on, so each wait ends in its order.
            await asyncio.sleep(0)
            while self._sleepers[0] != ticket:  # noqa: ASYNC110 - an event would wake out of turn
                await asyncio.sleep(0)
            with self._lock:
                self._now = max(self._now, ticket[0])
        finally:
            self._sleepers.remove(ticket)
            heapq.heapify(self._sleepers)
