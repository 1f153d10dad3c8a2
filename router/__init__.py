"""Route tasks to Claude by policy.

    import router

    result = router.run("classify", {"message": "I was charged twice"})

The functions here use one default `Router` configured from the environment (`ROUTER_POLICIES`,
`ROUTER_LEDGER`, `ROUTER_WATCH`, `ROUTER_OFFLINE`, the SDK's own variables). Names are loaded when
first used, so importing the package stays cheap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from router.default import arun, astream, close, plan, reload, run, status, stream
    from router.errors import (
        AuthFailed,
        BudgetExceeded,
        CatalogError,
        DeadlineExceeded,
        Exhausted,
        InputInvalid,
        KeyConflict,
        LedgerError,
        PolicyError,
        RequestRefused,
        RouterError,
        RunError,
        RunInProgress,
        SettingsError,
        StreamInterrupted,
        Unavailable,
        UnknownTask,
        UsageError,
    )
    from router.router import AsyncRouter, Router
    from router.settings import Settings
    from router.types import (
        Attempt,
        Discard,
        Finding,
        Left,
        Plan,
        Restart,
        Result,
        RouterStatus,
        RunDetails,
        TextDelta,
        Usage,
    )

__all__ = [
    "AsyncRouter",
    "Attempt",
    "AuthFailed",
    "BudgetExceeded",
    "CatalogError",
    "DeadlineExceeded",
    "Discard",
    "Exhausted",
    "Finding",
    "InputInvalid",
    "KeyConflict",
    "LedgerError",
    "Left",
    "Plan",
    "PolicyError",
    "RequestRefused",
    "Restart",
    "Result",
    "Router",
    "RouterError",
    "RouterStatus",
    "RunDetails",
    "RunError",
    "RunInProgress",
    "Settings",
    "SettingsError",
    "StreamInterrupted",
    "TextDelta",
    "Unavailable",
    "UnknownTask",
    "Usage",
    "UsageError",
    "arun",
    "astream",
    "close",
    "plan",
    "reload",
    "run",
    "status",
    "stream",
]

_HOMES = {
    **dict.fromkeys(
        ("arun", "astream", "close", "plan", "reload", "run", "status", "stream"), "router.default"
    ),
    **dict.fromkeys(("AsyncRouter", "Router"), "router.router"),
    "Settings": "router.settings",
    **dict.fromkeys(
        (
            "Attempt",
            "Discard",
            "Finding",
            "Left",
            "Plan",
            "Restart",
            "Result",
            "RouterStatus",
            "RunDetails",
            "TextDelta",
            "Usage",
        ),
        "router.types",
    ),
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("policy-router")
    if name not in __all__:
        raise AttributeError(f"module 'router' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(_HOMES.get(name, "router.errors")), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
