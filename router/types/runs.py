"""What a run gives back, and what a stream passes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal

from router.types.usage import Usage

__all__ = [
    "Attempt",
    "AttemptStatus",
    "Discard",
    "Left",
    "Restart",
    "Result",
    "RunDetails",
    "StreamEvent",
    "TextDelta",
]

_NO_USAGE = Usage()

# --- what a run gives back ---------------------------------------------------------------


class AttemptStatus(StrEnum):
    """Where an attempt stands in the ledger."""

    RESERVED = "reserved"  # under way, or left so by a process that died: shown as interrupted
    ANSWERED = "answered"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One API call of a run, whether or not it answered.

    `cost` is what the attempt is charged with in every sum. It comes from `usage`; where the
    usage is unknown (`usage_known` false) it is the amount reserved before the call, because
    the API may have billed it.
    """

    run_id: str
    number: int  # 1-based within the run
    task: str
    tier: str
    model: str
    status: AttemptStatus
    cost: Decimal
    usage: Usage = _NO_USAGE
    usage_known: bool = True
    stop_reason: str | None = None
    error: str | None = None  # fault kind, e.g. "overloaded"
    error_message: str | None = None
    http_status: int | None = None
    request_id: str | None = None
    started_at: float = 0.0
    latency: float = 0.0
    first_token: float | None = None  # seconds to the first byte of the answer, streams only
    confidence: float | None = None
    escalation: str | None = None  # why this attempt's tier was left, if it was
    served_model: str | None = None  # when the answer names another model than the pin
    waited: float = 0.0  # seconds slept before this attempt
    role: Literal["answer", "sample", "verifier"] = "answer"
    emulated: bool = False
    ignored: tuple[str, ...] = ()  # request fields the endpoint is seen to have ignored


@dataclass(frozen=True, slots=True)
class Left:
    """Why a tier was left: an escalation (the answer was not good enough) or a fallback."""

    tier: str
    to: str | None  # None: there was nowhere left to go
    kind: Literal["escalation", "fallback"]
    reason: str


@dataclass(frozen=True, slots=True)
class Result:
    """The answer of a run and the account of how it came about."""

    output: Any  # validated against the output schema; the text where there is none
    text: str
    content: tuple[Mapping[str, Any], ...]  # raw content blocks, tool calls included
    task: str
    tier: str
    model: str
    confidence: float | None
    accepted: bool  # False: best answer at hand, not good enough by the policy
    left: tuple[Left, ...]
    attempts: tuple[Attempt, ...]
    usage: Usage
    cost: Decimal
    latency: float
    run_id: str
    revision: str
    stop_reason: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    emulated: bool = False
    replayed: bool = False  # served from the store of an idempotency key; cost is the first run's
    reason: str | None = None  # why `accepted` is False

    @property
    def request_ids(self) -> tuple[str, ...]:
        """Ids the API gave its answers and errors, in order of the attempts."""
        return tuple(a.request_id for a in self.attempts if a.request_id)

    @property
    def tool_calls(self) -> tuple[Mapping[str, Any], ...]:
        """The `tool_use` blocks of the answer."""
        return tuple(b for b in self.content if b.get("type") == "tool_use")


@dataclass(frozen=True, slots=True)
class RunDetails:
    """What a caller needs to decide what to do about a failed run.

    `cost` is in USD and includes attempts whose usage is unknown at their reserved worst case.
    `retry_after` is in seconds from the moment of the error: None where a retry may help but
    nobody said when, or where it does not help at all (`may_retry` tells the two apart).
    """

    run_id: str
    task: str
    tier: str | None = None
    attempts: tuple[Attempt, ...] = ()
    cost: Decimal = Decimal(0)
    last_fault: str | None = None
    request_id: str | None = None
    may_retry: bool = False
    retry_after: float | None = None


# --- what a stream passes on -------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TextDelta:
    """A piece of the answer's text."""

    text: str
    tier: str


@dataclass(frozen=True, slots=True)
class Discard:
    """Forget the text so far: with `stream: eager` another tier answers; without, the last tier
    failed after its text was passed on, and an earlier answer or the policy's value stands in."""

    tier: str
    reason: str


@dataclass(frozen=True, slots=True)
class Restart:
    """A tier is left before any text was passed on; nothing to forget. For progress displays."""

    tier: str
    to: str | None
    reason: str


StreamEvent = TextDelta | Discard | Restart | Result
