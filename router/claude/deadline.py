"""One point on the monotonic clock that everything in an attempt must end by."""

from __future__ import annotations

from time import monotonic
from typing import Any, Self

__all__ = ["AttemptTimeout", "Deadline"]


class Deadline:
    """When an attempt must be over; read timeouts alone do not bound a call that drips.

    `stall` bounds the silence between two pieces of an answer, where that is to be bounded
    apart: any byte, a ping included, is a sign of life.
    """

    __slots__ = ("at", "stall")

    def __init__(self, seconds: float, *, stall: float | None = None) -> None:
        self.at = monotonic() + seconds
        self.stall = stall

    def left(self) -> float:
        """Seconds left, 0 or less when it has passed."""
        return self.at - monotonic()

    def shorten(self, seconds: float) -> None:
        """Leave no more than `seconds` from now."""
        self.at = min(self.at, monotonic() + seconds)


class AttemptTimeout(float):
    """A timeout that travels through the SDK as a number and says more to our own transport."""

    __slots__ = ("deadline", "max_bytes", "plain", "whole")

    deadline: Deadline
    max_bytes: int  # of the decoded body
    whole: bool  # the body is wanted in one piece
    plain: bool  # a request of the SDK's own, which reads the response itself

    def __new__(
        cls,
        seconds: float,
        deadline: Deadline,
        *,
        max_bytes: int,
        whole: bool,
        plain: bool = False,
    ) -> Self:
        self = super().__new__(cls, seconds)
        self.deadline = deadline
        self.max_bytes = max_bytes
        self.whole = whole
        self.plain = plain
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> AttemptTimeout:
        return self  # some clients copy their options; the deadline stays the same one
