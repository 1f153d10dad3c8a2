"""Whether and when a fault is retried: tenacity's strategies, fed with our faults.

tenacity is imported on the first fault: runs without one never pay for it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from router.compiler.model import Retry
from router.engine.effects import Fault, FaultKind

if TYPE_CHECKING:
    from tenacity import RetryCallState

__all__ = [
    "FALLS_BACK",
    "HARMS_CIRCUIT",
    "MAY_HEAL",
    "RETRY_AFTER_CAP",
    "RetryLoop",
    "retryable",
]

RETRY_AFTER_CAP = 120.0
"""Seconds. A longer `retry-after` makes the attempt final: retrying early is worse than not at
all, and OpenAI's clients, having tried both, ended at this figure (openai-python#3555)."""

_RETRIED = frozenset(
    {
        FaultKind.RATE_LIMITED,
        FaultKind.OVERLOADED,
        FaultKind.SERVER_ERROR,
        FaultKind.REQUEST_TIMEOUT,
        FaultKind.CONFLICT,
        FaultKind.CONNECTION,
        FaultKind.RESET,
        FaultKind.TIMEOUT,
        FaultKind.TRUNCATED_BODY,
    }
)
# An answer that is none is likelier a broken proxy than bad luck: once more, then no more.
_RETRIED_ONCE = frozenset({FaultKind.BAD_RESPONSE, FaultKind.BAD_STREAM})

MAY_HEAL = _RETRIED | _RETRIED_ONCE | {FaultKind.STREAM_INTERRUPTED, FaultKind.CIRCUIT_OPEN}
"""Faults after which the caller may try again later."""

FALLS_BACK = _RETRIED | _RETRIED_ONCE | {FaultKind.CIRCUIT_OPEN, FaultKind.NOT_FOUND}
"""Faults of a tier that another tier may not have."""

HARMS_CIRCUIT = (_RETRIED | _RETRIED_ONCE) - {
    FaultKind.RATE_LIMITED,  # flow control, answered by retry-after
    FaultKind.REQUEST_TIMEOUT,
    FaultKind.CONFLICT,
}
"""Faults that speak of the model's health; client errors never do."""


def retryable(fault: Fault) -> bool:
    """Whether the same request may be answered if it is made again."""
    if fault.relayed:
        return False
    if fault.should_retry is not None and fault.kind in _RETRIED | _RETRIED_ONCE:
        return fault.should_retry
    return fault.kind in _RETRIED or fault.kind in _RETRIED_ONCE


class RetryLoop:
    """The retries of one tier on one visit. Ask `wait_after` after each fault."""

    __slots__ = ("_random", "_retrying", "_state")

    def __init__(self, retry: Retry, random: Callable[[], float]) -> None:
        from tenacity import RetryCallState

        self._random = random
        self._retrying = _retrying(retry, random)
        self._state = RetryCallState(self._retrying, None, (), {})

    def wait_after(self, fault: Fault, room: float) -> float | None:
        """Seconds to wait before the next attempt; None where there must not be one.

        Args:
            fault: how the last attempt ended.
            room: seconds that the run's deadline leaves for waiting.
        """
        from tenacity import DoSleep

        if fault.kind in _RETRIED_ONCE and self._state.attempt_number > 1:
            return None
        # Its statistics are per thread, and a stream may be read from several; nothing is
        # decided by them.
        self._retrying.begin()
        self._state.set_result(fault)
        decision = self._retrying.iter(self._state)
        if not isinstance(decision, DoSleep):
            return None
        wait = float(decision)
        told = fault.retry_after or 0.0
        if told > min(RETRY_AFTER_CAP, room):
            return None
        if wait > room:
            # Jitter over what is left, so that something of it remains for the attempt.
            wait = room * self._random()
        wait = max(wait, told)
        self._state.prepare_for_next_attempt()
        return wait


@lru_cache(maxsize=256)
def _retrying(retry: Retry, random: Callable[[], float]) -> Any:
    from tenacity import Retrying, retry_if_result, stop_after_attempt, wait_exponential

    bound = wait_exponential(multiplier=retry.base, exp_base=retry.factor, max=retry.cap)

    def full_jitter(state: RetryCallState) -> float:
        # tenacity's own wait_random_exponential draws from the global generator.
        return random() * bound(state)

    return Retrying(
        retry=retry_if_result(lambda outcome: isinstance(outcome, Fault) and retryable(outcome)),
        stop=stop_after_attempt(retry.retries + 1),
        wait=full_jitter,
        retry_error_callback=lambda state: None,
    )
