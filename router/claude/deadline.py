"""The bounds of one attempt: when it must be over, and how large its answer may be."""

from __future__ import annotations

from time import monotonic
from typing import Any, Self

from router.claude.transport import TransportFault
from router.engine.effects import FaultKind

__all__ = ["AttemptTimeout", "late"]


class AttemptTimeout(float):
    """A timeout that travels through the SDK and httpx2 as a number and says more to our own
    transports: read timeouts alone do not bound a call that drips.

    `stall` bounds the silence between two pieces of an answer, where that is to be bounded
    apart: any byte, a ping included, is a sign of life.
    """

    __slots__ = ("_at", "_max_bytes", "_room", "_stall")

    _at: float
    _max_bytes: int
    _room: int
    _stall: float

    def __new__(cls, seconds: float, *, max_bytes: int, stall: float = float("inf")) -> Self:
        """The clock starts here. `max_bytes` counts the decoded body."""
        self = super().__new__(cls, seconds)
        self._at = monotonic() + seconds
        self._max_bytes = self._room = max_bytes
        self._stall = stall
        return self

    def left(self) -> float:
        """Seconds left, 0 or less when none are."""
        return self._at - monotonic()

    def wait(self) -> float:
        """Seconds that the next piece of the answer may take."""
        return min(self.left(), self._stall)

    def shorten(self, seconds: float) -> None:
        """Leave no more than `seconds` from now."""
        self._at = min(self._at, monotonic() + seconds)

    def take(self, piece: bytes) -> bytes:
        """Count a piece of the decoded body. Raises TransportFault beyond either bound."""
        self._room -= len(piece)
        if self._room < 0:
            raise TransportFault(
                FaultKind.BAD_RESPONSE,
                f"the answer is larger than the limit of {self._max_bytes} bytes",
                maybe_billed=True,
            )
        if self.left() <= 0:
            raise late()
        return piece

    def __deepcopy__(self, memo: dict[int, Any]) -> AttemptTimeout:
        return self  # some clients copy their options; the bounds stay the same ones


def late() -> TransportFault:
    """The time limit passed while the answer came."""
    return TransportFault(
        FaultKind.TIMEOUT, "the time limit passed while receiving the answer", maybe_billed=True
    )
