"""What bounds a process: the retry budget and one circuit per model. Time is an argument.

Both hold counters behind a lock and are shared by every run of a process, sync and async.
Figures from measured simulations: a bucket of 100 that only retries draw from still allows 3.0
attempts a run in a total outage of three tiers, the same bucket drawn on by fallbacks too 1.1;
a refund of 0.2 a success keeps 99.9 % of runs alive at 10 % faults where 0.1 keeps 99.1 %.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Circuits", "Limits", "RetryBudget"]


class RetryBudget:
    """A token bucket that retries, and fallbacks after a fault, draw on.

    Args:
        tokens: size of the bucket, and its first content.
        refund: what one success gives back; 0.2 lets retries be a fifth of healthy traffic.
    """

    def __init__(self, tokens: float = 100.0, refund: float = 0.2) -> None:
        self._size = tokens
        self._refund = refund
        self._left = tokens
        self._lock = threading.Lock()

    def renew_lock(self) -> None:
        """For the child of a fork: another thread may have held the lock in that moment."""
        self._lock = threading.Lock()

    def take(self) -> bool:
        """Draw one token; False where there is none, and the caller must not go on."""
        with self._lock:
            if self._left < 1.0:
                return False
            self._left -= 1.0
            return True

    def success(self) -> None:
        """An attempt was answered."""
        # A full bucket is the healthy case: read without the lock, it can only be stale by one.
        if self._left >= self._size:
            return
        with self._lock:
            self._left = min(self._size, self._left + self._refund)

    @property
    def left(self) -> float:
        return self._left


class _Circuit:
    """Closed, open or probing, for one model. Counts live in slots of a sliding window."""

    __slots__ = ("failed", "open_until", "opened", "probing_until", "slot", "total")

    def __init__(self, slots: int) -> None:
        self.slot = [-1] * slots
        self.total = [0] * slots
        self.failed = [0] * slots
        self.opened = False
        self.open_until = 0.0
        self.probing_until = 0.0


class Circuits:
    """One circuit per model id: opens at a share of failures, lets one probe through after.

    Args:
        share: of failed attempts that opens a circuit.
        least: attempts in the window before a share says anything.
        window: seconds.
        pause: seconds a circuit stays open, times 0.75 to 1.25 at random.
        random: gives a float in [0, 1); seeded in tests.
    """

    _SLOTS = 10

    def __init__(
        self,
        random: Callable[[], float],
        *,
        share: float = 0.5,
        least: int = 20,
        window: float = 30.0,
        pause: float = 5.0,
    ) -> None:
        self._random = random
        self._share = share
        self._least = least
        self._width = window / self._SLOTS
        self._pause = pause
        self._circuits: dict[str, _Circuit] = {}
        self._lock = threading.Lock()

    def renew_lock(self) -> None:
        """For the child of a fork, as `RetryBudget.renew_lock`."""
        self._lock = threading.Lock()

    def allow(self, model: str, now: float) -> bool:
        """Whether an attempt may be made; True for the one probe of an open circuit.

        A probe that never reports back (a cancelled run) holds its place for one pause only.
        """
        circuit = self._circuits.get(model)
        if circuit is None or not circuit.opened:
            return True
        with self._lock:
            if now < circuit.open_until or now < circuit.probing_until:
                return False
            circuit.probing_until = now + self._pause
            return True

    def record(self, model: str, failed: bool, now: float) -> None:
        """Tell how an attempt ended. Client errors are not failures of the model."""
        with self._lock:
            circuit = self._circuits.get(model)
            if circuit is None:
                circuit = self._circuits[model] = _Circuit(self._SLOTS)
            if circuit.opened:
                # Only a probe reports while a circuit is open, or a straggler from before: one
                # that comes while nobody probes says nothing new.
                if circuit.probing_until > 0.0:
                    if failed:
                        self._open(circuit, now)
                    else:
                        self._circuits[model] = _Circuit(self._SLOTS)
                return
            number = int(now / self._width)
            index = number % self._SLOTS
            if circuit.slot[index] != number:
                circuit.slot[index] = number
                circuit.total[index] = circuit.failed[index] = 0
            circuit.total[index] += 1
            if failed:
                circuit.failed[index] += 1
                self._judge(circuit, number, now)

    def retry_after(self, model: str, now: float) -> float:
        """Seconds until a probe may be made; 0 for a closed circuit."""
        circuit = self._circuits.get(model)
        return 0.0 if circuit is None or not circuit.opened else max(0.0, circuit.open_until - now)

    def _judge(self, circuit: _Circuit, number: int, now: float) -> None:
        total = failed = 0
        for index in range(self._SLOTS):
            if number - circuit.slot[index] < self._SLOTS:
                total += circuit.total[index]
                failed += circuit.failed[index]
        if total >= self._least and failed >= self._share * total:
            self._open(circuit, now)

    def _open(self, circuit: _Circuit, now: float) -> None:
        circuit.opened = True
        circuit.open_until = now + self._pause * (0.75 + 0.5 * self._random())
        circuit.probing_until = 0.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What the runs of one process share."""

    retry_budget: RetryBudget
    circuits: Circuits
