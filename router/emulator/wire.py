"""What the emulator gives its wearers: a status, headers, timed bytes, and how it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import msgspec

__all__ = ["ERROR_TYPES", "EmulatedReply", "Ending", "error_body", "json_bytes"]

# Error types by status: the `type` values of anthropic 2.12, types/shared/error_type.py, and the
# `request_too_large` of the API's errors page.
ERROR_TYPES: Mapping[int, str] = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    405: "invalid_request_error",
    408: "timeout_error",
    409: "conflict_error",
    413: "request_too_large",
    422: "invalid_request_error",
    429: "rate_limit_error",
    500: "api_error",
    502: "api_error",
    503: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}


class Ending(StrEnum):
    """How the connection ends once the pieces that there are have been sent."""

    COMPLETE = "complete"
    REFUSED = "refused"  # no connection at all: nothing was sent
    TLS = "tls"  # the certificate does not hold: nothing was sent
    RESET = "reset"  # closed before the first byte of the answer
    HANG = "hang"  # the request is taken and nothing ever comes back
    CUT = "cut"  # closed in the middle of the body
    STALL = "stall"  # open, but silent after what was sent


def _nothing() -> None:
    return None


@dataclass(slots=True)
class EmulatedReply:
    """One answer on the wire. `delay` and the delays of `pieces` are in seconds.

    `declared` is the content-length that is announced; None for a stream. The reply counts as
    begun when a wearer asks for its first bytes: only then can the cache entries it wrote be read.
    """

    status: int
    headers: dict[str, str]
    pieces: tuple[tuple[float, bytes], ...]
    delay: float = 0.0
    ending: Ending = Ending.COMPLETE
    declared: int | None = None
    on_begin: Callable[[], None] = field(default=_nothing, repr=False)

    @property
    def answers(self) -> bool:
        """Whether a status line is ever sent."""
        return self.ending in (Ending.COMPLETE, Ending.CUT, Ending.STALL)

    @property
    def streamed(self) -> bool:
        return self.declared is None

    def chunks(self) -> Iterator[tuple[float, bytes]]:
        """(seconds to wait, bytes), in order. Tells the emulator that the answer has begun."""
        self.begin()
        yield from self.pieces

    def read(self) -> bytes:
        """All bytes at once, without their delays."""
        self.begin()
        return b"".join(piece for _, piece in self.pieces)

    def begin(self) -> None:
        """Tells the emulator that the first byte of the answer is on its way. Idempotent."""
        on_begin, self.on_begin = self.on_begin, _nothing
        on_begin()


def json_bytes(value: Any) -> bytes:
    """Compact JSON in UTF-8, keys in their order. Raises TypeError for what is no JSON value."""
    return msgspec.json.encode(value)


def error_body(
    status: int,
    message: str,
    *,
    kind: str | None = None,
    code: str | None = None,
    request_id: str | None = None,
) -> dict[str, Any]:
    """An error as the API spells it; `code` goes where the SDK reads `error_code`."""
    error: dict[str, Any] = {"type": kind or ERROR_TYPES.get(status, "api_error")}
    error["message"] = message
    if code is not None:
        error["details"] = {"error_code": code}
    return {"type": "error", "error": error, "request_id": request_id}
