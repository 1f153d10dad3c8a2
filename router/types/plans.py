"""What a plan shows, and what a router says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from router.types.findings import Finding

__all__ = ["Plan", "PlannedBreakpoint", "PlannedTier", "RouterStatus"]


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
