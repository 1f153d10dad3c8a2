"""What the step machine asks of its driver, and what it is sent back.

    Call, CallAll -> Reply | Fault      Sleep -> None      Record -> None      Emit -> None

Effects are values: the machine is tested by sending it outcomes, with no clock and no network.

They are msgspec's frozen structs, as is everything that a run makes once or more: a frozen
dataclass assigns each field through `object.__setattr__`, at five times the price.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal, TypeVar

from msgspec import Struct

from router.types import Attempt, AttemptStatus, Discard, Restart, TextDelta, Usage

__all__ = [
    "AttemptText",
    "Call",
    "CallAll",
    "Effect",
    "Emit",
    "Fault",
    "FaultKind",
    "Outcome",
    "Record",
    "Reply",
    "Request",
    "Reservation",
    "RunRow",
    "Sleep",
    "Steps",
]


class Request(Struct, frozen=True):
    """One API call, ready to be sent."""

    model: str
    body: Mapping[str, Any]  # the Messages-API body, without `stream`
    timeout: float  # seconds for the whole attempt, from connect to the last byte
    run_id: str
    attempt: int  # 1-based within the run
    tier: str
    task: str
    relay: bool = False  # pass text on to the stream's reader as it comes
    betas: tuple[str, ...] = ()  # anthropic-beta header values


class FaultKind(StrEnum):
    """Faults by what can be done about them; `reliability` in docs lists what a user gets."""

    RATE_LIMITED = "rate_limited"  # 429
    OVERLOADED = "overloaded"  # 529, overloaded_error in a 200 stream
    SERVER_ERROR = "server_error"  # 500, 502, 503, 504
    REQUEST_TIMEOUT = "request_timeout"  # 408
    CONFLICT = "conflict"  # 409
    CONNECTION = "connection"  # nothing was sent: refused, DNS, connect timeout, TLS cut
    RESET = "reset"  # closed before any byte of the answer
    TIMEOUT = "timeout"  # the attempt's own time limit
    TRUNCATED_BODY = "truncated_body"  # an answer cut in the middle
    BAD_RESPONSE = "bad_response"  # an answer that is not one
    BAD_STREAM = "bad_stream"  # events out of order, doubled, missing
    STREAM_INTERRUPTED = "stream_interrupted"  # died after text was passed on
    TLS = "tls"  # certificate errors: they do not heal
    SPEND_LIMIT = "spend_limit"  # 429 that lasts until the month ends
    AUTH = "auth"  # 401
    BILLING = "billing"  # 402
    PERMISSION = "permission"  # 403
    NOT_FOUND = "not_found"  # 404
    TOO_LARGE = "too_large"  # 413
    INVALID_REQUEST = "invalid_request"  # 400, 422 and other 4xx
    CANCELLED = "cancelled"  # ours: the caller gave up while the call was under way
    CIRCUIT_OPEN = "circuit_open"  # ours: the model's circuit is open, nothing was sent


class Reply(Struct, frozen=True):
    """An answer that passed the strict reader."""

    id: str
    model: str
    content: tuple[Mapping[str, Any], ...]
    text: str  # text blocks joined
    stop_reason: str
    usage: Usage
    usage_known: bool = True  # False: malformed usage; the attempt is charged its reservation
    stop_details: Mapping[str, Any] | None = None
    service: Mapping[str, str] | None = None  # service_tier, speed, inference_geo as served
    request_id: str | None = None
    http_status: int = 200
    latency: float = 0.0
    first_token: float | None = None
    emulated: bool = False
    relayed: bool = False  # text was passed on
    ignored: tuple[str, ...] = ()


class Fault(Struct, frozen=True):
    """An attempt that gave no answer."""

    kind: FaultKind
    message: str  # ours or the API's own, redacted, printable, at most 500 characters
    status: int | None = None
    error_type: str | None = None  # e.g. "rate_limit_error"
    error_code: str | None = None
    request_id: str | None = None
    retry_after: float | None = None  # seconds, already resolved from either form of the header
    should_retry: bool | None = None  # the API's own x-should-retry
    maybe_billed: bool = False  # the request may have reached the model
    usage: Usage | None = None  # what is known of a cut-off answer
    text: str = ""  # text received before the cut
    latency: float = 0.0
    first_token: float | None = None
    relayed: bool = False
    emulated: bool = False


Outcome = Reply | Fault


class Call(Struct, frozen=True):
    request: Request


class CallAll(Struct, frozen=True):
    """Calls made side by side; answered with a tuple of outcomes in the same order."""

    requests: tuple[Request, ...]


class Sleep(Struct, frozen=True):
    seconds: float
    note: str = ""  # why, for the log: run id, fault, request id


class Reservation(Struct, frozen=True):
    """A ledger row opened for an attempt about to be made: what is known of it by then.

    Reads as the `Attempt` that it stands for does.
    """

    run_id: str
    number: int
    task: str
    tier: str
    model: str
    cost: Decimal  # its worst case, in USD
    started_at: float
    waited: float
    role: Literal["answer", "sample", "verifier"]
    emulated: bool
    status: AttemptStatus = AttemptStatus.RESERVED
    usage_known: bool = False


class RunRow(Struct, frozen=True):
    """One run for the ledger, written with its last attempt."""

    run_id: str
    task: str
    revision: str
    status: str  # "accepted", "unaccepted", "failed", "cancelled"
    tier: str | None
    model: str | None
    confidence: float | None
    attempts: int
    usage: Usage
    cost: Decimal
    started_at: float
    latency: float
    tags: Mapping[str, str]
    error: str | None = None
    top_cost: Decimal = Decimal(0)  # what the top tier alone would have cost for the same tokens
    emulated: bool = False


class AttemptText(Struct, frozen=True):
    """What one attempt sent and was answered; kept only where the deployment asks for it."""

    run_id: str
    number: int
    request: Mapping[str, Any]  # the Messages-API body
    answer: str | None = None


class Record(Struct, frozen=True):
    """Ledger rows, written in one transaction: settled attempts, reservations, the run's row.

    A `Reservation` opens a row, as an `Attempt` with status `reserved` does; any other status
    settles it.
    Answered with None, or with an error thrown in (`LedgerError`) where the ledger is required.
    """

    attempts: tuple[Attempt | Reservation, ...]
    tags: Mapping[str, str]
    revision: str
    run: RunRow | None = None
    texts: tuple[AttemptText, ...] = ()  # a ledger that does not keep texts ignores them


class Emit(Struct, frozen=True):
    """Something for the reader of a stream; plain runs drop it."""

    event: TextDelta | Discard | Restart


Effect = Call | CallAll | Sleep | Record | Emit

T = TypeVar("T")
Steps = Generator[Effect, Any, T]
"""A step machine: yields effects, is sent outcomes, returns its result."""
