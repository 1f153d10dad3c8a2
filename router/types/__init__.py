"""The public values: what a run gives back, what a check says, what a plan shows.

All are frozen. Money is `Decimal` USD, durations are seconds as `float`, instants are
seconds since the epoch (UTC) as `float`. Values of runs and plans are loaded when they are first
asked for: lint needs none of them, and each takes its time to make.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from router.types.findings import Edit, Finding, Fix, Severity, Span

if TYPE_CHECKING:
    from router.types.plans import Plan, PlannedBreakpoint, PlannedTier, RouterStatus
    from router.types.runs import (
        Attempt,
        AttemptStatus,
        Discard,
        Left,
        Restart,
        Result,
        RunDetails,
        StreamEvent,
        TextDelta,
    )
    from router.types.usage import Usage

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
    "RunDetails",
    "Severity",
    "Span",
    "StreamEvent",
    "TextDelta",
    "Usage",
]

_HOMES = {
    **dict.fromkeys(("Plan", "PlannedBreakpoint", "PlannedTier", "RouterStatus"), "plans"),
    "Usage": "usage",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'router.types' has no attribute {name!r}")
    home = import_module(f"router.types.{_HOMES.get(name, 'runs')}")
    value = globals()[name] = getattr(home, name)
    return value
