"""What a run costs by itself: on a stub transport, with and without a ledger."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.measure import REFERENCE_US, interleave
from bench.workload import ANSWER, INPUTS, POLICY, TASK, AsyncStub, Stub, checked
from router.ledger.base import NullLedger
from router.router import Router

__all__ = ["Own", "measure"]


@dataclass(frozen=True, slots=True)
class Own:
    """Microseconds of CPU a run, and the same scaled to a quiet machine."""

    without_ledger: float
    with_ledger: float
    async_without_ledger: float
    async_with_ledger: float
    reference: float  # what json.loads of the answer took meanwhile

    def scaled(self, microseconds: float) -> float:
        return microseconds * REFERENCE_US / self.reference


@contextmanager
def routers() -> Iterator[tuple[Router, Router]]:
    """One without a ledger, one with a durable one."""
    with tempfile.TemporaryDirectory() as folder:
        ledger = Path(folder) / "ledger.db"
        stubs = {"transport": Stub(), "async_transport": AsyncStub()}
        with (
            Router(POLICY, ledger=NullLedger(), **stubs) as bare,  # type: ignore[arg-type]
            Router(POLICY, ledger=ledger, **stubs) as kept,  # type: ignore[arg-type]
        ):
            for router in (bare, kept):
                checked(router.run(TASK, INPUTS))
                checked(asyncio.run(router.arun(TASK, INPUTS)))
            yield bare, kept


def measure(*, rounds: int = 40, calls: int = 250) -> Own:
    with routers() as (bare, kept):

        async def several(router: Router) -> None:
            for _ in range(calls):
                await router.arun(TASK, INPUTS)

        slices = interleave(
            [
                ("run", lambda: bare.run(TASK, INPUTS)),
                ("run, ledger", lambda: kept.run(TASK, INPUTS)),
                ("json.loads", lambda: [json.loads(ANSWER) for _ in range(10)]),
            ],
            rounds=rounds,
            calls=calls,
        )
        awaited = interleave(
            [
                ("arun", lambda: asyncio.run(several(bare))),
                ("arun, ledger", lambda: asyncio.run(several(kept))),
            ],
            rounds=rounds,
            calls=1,
        )
    return Own(
        without_ledger=slices[0].quiet,
        with_ledger=slices[1].quiet,
        async_without_ledger=awaited[0].quiet / calls,
        async_with_ledger=awaited[1].quiet / calls,
        reference=slices[2].quiet / 10,
    )


if __name__ == "__main__":
    own = measure(rounds=20, calls=200)
    for name in ("without_ledger", "with_ledger", "async_without_ledger", "async_with_ledger"):
        value = getattr(own, name)
        print(f"{name:22} {value:7.1f} µs   quiet {own.scaled(value):7.1f} µs")
    print(f"json.loads {own.reference:.2f} µs")
