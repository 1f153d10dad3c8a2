"""The one thread behind a ledger: for what nobody should wait for."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

__all__ = ["Worker"]

_log = logging.getLogger("router.ledger")


class Worker:
    """Calls `work` when woken, and again after as many seconds as it returned (None: no need).

    The thread is started when it is first woken.
    """

    def __init__(self, work: Callable[[], float | None]) -> None:
        self._work = work
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._woken = threading.Event()
        self._stopping = False

    def wake(self) -> None:
        self._woken.set()
        if self._thread is None:
            with self._starting:
                if self._thread is None:
                    self._thread = threading.Thread(
                        target=self._run, name="router-ledger", daemon=True
                    )
                    self._thread.start()

    def stop(self) -> None:
        """Let the work at hand be finished, and end the thread. Waking it starts another."""
        with self._starting:
            thread, self._thread = self._thread, None
            if thread is None:
                return
            self._stopping = True
            self._woken.set()
            if thread is not threading.current_thread():
                thread.join()
            self._stopping = False

    def _run(self) -> None:
        delay: float | None = None
        while True:
            self._woken.wait(delay)
            self._woken.clear()
            try:
                delay = self._work()
            except Exception:  # noqa: BLE001 (tasks would wait for ever without this thread)
                _log.exception("the ledger's thread met an error of ours")
                delay = 1.0
            if self._stopping and not self._woken.is_set():
                return
