"""The public values: what a run gives back, what a check says, what a plan shows.

All are frozen. Money is `Decimal` USD, durations are seconds as `float`, instants are
seconds since the epoch (UTC) as `float`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal

__all__ = [
    "Attempt",
    "AttemptStatus",
    "Discard",
    "Edit",
    "Finding",
    "Fix",
    "Left",
    "Plan",
    "PlannedBreakpoint",
    "PlannedTier",
    "Restart",
    "Result",
    "RouterStatus",
    "Severity",
    "Span",
    "StreamEvent",
    "TextDelta",
    "Usage",
]

# --- what a run gives back ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one attempt or a sum of them, by kind, as the API bills them.

    `input_tokens` counts only what follows the last cache breakpoint; the whole prompt is
    `prompt_tokens`. `thinking_tokens` is a part of `output_tokens`, not on top of it.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cache_write_5m_tokens: int = 0
    cache_write_1h_tokens: int = 0
    cache_read_tokens: int = 0
    thinking_tokens: int = 0

    @property
    def prompt_tokens(self) -> int:
        """The whole prompt, cached or not."""
        return (
            self.input_tokens
            + self.cache_write_5m_tokens
            + self.cache_write_1h_tokens
            + self.cache_read_tokens
        )

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cache_write_5m_tokens + other.cache_write_5m_tokens,
            self.cache_write_1h_tokens + other.cache_write_1h_tokens,
            self.cache_read_tokens + other.cache_read_tokens,
            self.thinking_tokens + other.thinking_tokens,
        )


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
    usage: Usage = Usage()
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

# --- what a check says -------------------------------------------------------------------


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A place in a policy file; lines and columns count from 1, the end is exclusive."""

    file: str  # relative to the policy root
    line: int
    column: int
    end_line: int
    end_column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Edit:
    """Text in place of a span: an empty span inserts, an empty text deletes.

    Columns count characters of the decoded text, without a byte order mark.
    """

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Fix:
    """A way to mend a finding, as edits of text: comments and layout around them stay."""

    message: str  # what it does, in the imperative: "rename the key to `max_tokens`"
    edits: tuple[Edit, ...]  # none overlaps another
    safe: bool = True  # False: it may change what a policy does, so somebody has to look at it


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a check has to say about a policy; prints like a compiler's message."""

    rule: str
    severity: Severity
    message: str
    span: Span
    help: str | None = None
    source_line: str | None = None  # the line that `span` begins on, for the caret
    notes: tuple[str, ...] = ()
    fix: Fix | None = None

    def __str__(self) -> str:
        return f"{self.span}: {self.severity}[{self.rule}] {self.message}"


# --- what a plan shows -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PlannedBreakpoint:
    """One cache breakpoint of a planned request and the prefix it closes."""

    where: str  # e.g. "system[1]"
    ttl: Literal["5m", "1h"]
    prefix_tokens: int  # estimated
    minimum: int | None  # the model's minimum cacheable prefix, if known
    cacheable: bool


@dataclass(frozen=True, slots=True)
class PlannedTier:
    """What one tier would send and cost. Bounds are per attempt, in USD."""

    name: str
    model: str
    max_tokens: int
    request: Mapping[str, Any]  # the JSON body, exactly as it would be sent
    prompt_tokens: int  # estimated offline unless `counted`
    breakpoints: tuple[PlannedBreakpoint, ...]
    cost_cold: Decimal  # all prompt tokens uncached (caches written), max_tokens of output
    cost_warm: Decimal  # cached prefixes read, max_tokens of output
    starts_here: bool
    calls: int = 1  # answer calls this tier makes on one visit (agreement samples)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run would send and cost, without sending."""

    task: str
    revision: str
    tiers: tuple[PlannedTier, ...]
    start: str
    cost_best: Decimal  # the start tier answers at once, caches warm
    cost_worst: Decimal  # every tier once, cold, verifiers included, without retries
    deadline: float | None
    budget_usd: Decimal | None
    notes: tuple[str, ...] = ()


# --- what a router says of itself --------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RouterStatus:
    """The active policy set and the last candidate that was refused, if any."""

    revision: str
    loaded_at: float
    tasks: tuple[str, ...]
    watching: bool
    emulated: bool
    refused_at: float | None = None  # since when the candidate has been refused
    findings: tuple[Finding, ...] = ()  # of the refused candidate
    alarm: str | None = None  # e.g. the policy root vanished
    reloads: int = 0
    ledger: str | None = None
    ledger_dropped: int = 0
