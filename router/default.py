"""The module-level functions: one default router, made from the environment when first used."""

from __future__ import annotations

import atexit
import threading
from collections.abc import AsyncGenerator, Generator, Mapping
from typing import Any

from router.router import Router
from router.types import Plan, Result, RouterStatus, StreamEvent

__all__ = ["arun", "astream", "close", "plan", "reload", "run", "status", "stream"]

_lock = threading.Lock()
_router: Router | None = None


def _default() -> Router:
    global _router
    if _router is None:
        with _lock:
            if _router is None:
                _router = Router()
                atexit.register(close)
    return _router


def run(
    task: str,
    inputs: Mapping[str, Any] | None = None,
    *,
    tags: Mapping[str, str] | None = None,
    deadline: float | None = None,
    tier: str | None = None,
    key: str | None = None,
) -> Result:
    """`Router.run` of the default router."""
    return _default().run(task, inputs, tags=tags, deadline=deadline, tier=tier, key=key)


async def arun(
    task: str,
    inputs: Mapping[str, Any] | None = None,
    *,
    tags: Mapping[str, str] | None = None,
    deadline: float | None = None,
    tier: str | None = None,
    key: str | None = None,
) -> Result:
    """`Router.arun` of the default router."""
    return await _default().arun(task, inputs, tags=tags, deadline=deadline, tier=tier, key=key)


def stream(
    task: str,
    inputs: Mapping[str, Any] | None = None,
    *,
    tags: Mapping[str, str] | None = None,
    deadline: float | None = None,
    tier: str | None = None,
) -> Generator[StreamEvent, None, None]:
    """`Router.stream` of the default router."""
    return _default().stream(task, inputs, tags=tags, deadline=deadline, tier=tier)


def astream(
    task: str,
    inputs: Mapping[str, Any] | None = None,
    *,
    tags: Mapping[str, str] | None = None,
    deadline: float | None = None,
    tier: str | None = None,
) -> AsyncGenerator[StreamEvent, None]:
    """`Router.astream` of the default router."""
    return _default().astream(task, inputs, tags=tags, deadline=deadline, tier=tier)


def plan(task: str, inputs: Mapping[str, Any] | None = None, *, tier: str | None = None) -> Plan:
    """`Router.plan` of the default router."""
    return _default().plan(task, inputs, tier=tier)


def reload() -> RouterStatus:
    """`Router.reload` of the default router."""
    return _default().reload()


def status() -> RouterStatus:
    """`Router.status` of the default router."""
    return _default().status()


def close() -> None:
    """Close the default router; the next call makes a new one from the environment."""
    global _router
    with _lock:
        closing, _router = _router, None
    if closing is not None:
        closing.close()
