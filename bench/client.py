"""`run` and `arun` beside bare `messages.create`: the same request to the same loopback server.

The bare calls send what the router sends, ready made: no template, no check, no price, no ledger.
The router does all of that, and writes a durable row. Only the client process's CPU is counted.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anthropic

from bench.measure import Slices, paired, quiet
from bench.standin import standin
from bench.workload import INPUTS, POLICY, TASK, checked
from router.router import Router

__all__ = ["Compared", "compare", "percentile"]

_KEY = "sk-ant-none-of-ours"


@dataclass(frozen=True, slots=True)
class Compared:
    """The router against the bare SDK, blocking and awaited."""

    sdk: Slices
    run: Slices
    asdk: Slices
    arun: Slices
    in_flight: int

    @property
    def cpu(self) -> tuple[float, float]:
        """Ratio of CPU, blocking: median of pairs, quiet quarters."""
        return paired(self.run.cpu, self.sdk.cpu), self.run.quiet / self.sdk.quiet

    @property
    def acpu(self) -> tuple[float, float]:
        return paired(self.arun.cpu, self.asdk.cpu), self.arun.quiet / self.asdk.quiet

    @property
    def rate(self) -> tuple[float, float]:
        """Ratio of calls a second: median of pairs, quiet quarters."""
        return paired(self.asdk.wall, self.arun.wall), quiet(self.asdk.wall) / quiet(self.arun.wall)


def compare(
    *,
    rounds: int = 20,
    calls: int = 200,
    arounds: int = 8,
    acalls: int = 1_000,
    in_flight: int = 64,
) -> Compared:
    """Interleaved: a slice of the SDK, a slice of the router, and so on."""
    before = os.environ.get("ANTHROPIC_API_KEY")
    os.environ["ANTHROPIC_API_KEY"] = _KEY  # no real one goes even to loopback
    try:
        with standin() as url, tempfile.TemporaryDirectory() as folder:
            router = Router(POLICY, ledger=Path(folder) / "ledger.db", base_url=url)
            with router:
                request = _plain(router.plan(TASK, INPUTS).tiers[0].request)
                sdk, run = _blocking(url, router, request, rounds, calls)
                asdk, arun = asyncio.run(_awaited(url, router, request, arounds, acalls, in_flight))
    finally:
        if before is None:
            del os.environ["ANTHROPIC_API_KEY"]
        else:
            os.environ["ANTHROPIC_API_KEY"] = before
    return Compared(sdk, run, asdk, arun, in_flight)


def _blocking(
    url: str, router: Router, request: dict[str, Any], rounds: int, calls: int
) -> tuple[Slices, Slices]:
    sdk, run = Slices("messages.create"), Slices("router.run")
    with anthropic.Anthropic(base_url=url, max_retries=0) as client:
        contestants: list[tuple[Slices, Callable[[], Any]]] = [
            (sdk, lambda: client.messages.create(**request)),
            (run, lambda: router.run(TASK, INPUTS)),
        ]
        for kept, call in contestants:
            for _ in range(20):
                last = call()
            if kept is run:
                checked(last)
        clock = time.perf_counter
        for _ in range(rounds):
            for kept, call in contestants:
                cpu = time.process_time()
                began = before = clock()
                for _ in range(calls):
                    call()
                    now = clock()
                    kept.each.append((now - before) * 1e6)
                    before = now
                kept.cpu.append((time.process_time() - cpu) / calls * 1e6)
                kept.wall.append((before - began) / calls * 1e6)
    return sdk, run


async def _awaited(
    url: str, router: Router, request: dict[str, Any], rounds: int, calls: int, in_flight: int
) -> tuple[Slices, Slices]:
    asdk, arun = Slices("await messages.create"), Slices("await router.arun")
    async with anthropic.AsyncAnthropic(base_url=url, max_retries=0) as client:
        contestants: list[tuple[Slices, Callable[[], Awaitable[Any]]]] = [
            (asdk, lambda: client.messages.create(**request)),
            (arun, lambda: router.arun(TASK, INPUTS)),
        ]
        for _, call in contestants:
            await _slice(call, 2 * in_flight, in_flight)
        for _ in range(rounds):
            for kept, call in contestants:
                cpu, began = time.process_time(), time.perf_counter()
                await _slice(call, calls, in_flight)
                kept.cpu.append((time.process_time() - cpu) / calls * 1e6)
                kept.wall.append((time.perf_counter() - began) / calls * 1e6)
        await router.aclose()
    return asdk, arun


async def _slice(call: Callable[[], Awaitable[Any]], calls: int, in_flight: int) -> None:
    """`calls` calls, always so many of them under way."""
    left = iter(range(calls))

    async def worker() -> None:
        for _ in left:
            await call()

    await asyncio.gather(*(worker() for _ in range(in_flight)))


def _plain(value: Any) -> Any:
    """A request as anybody would write it: dicts and lists, nothing of ours."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def percentile(values: list[float], share: float) -> float:
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(len(ranked) * share))]


if __name__ == "__main__":
    result = compare(rounds=6, calls=100, arounds=3, acalls=500)
    print("cpu", result.cpu, result.sdk.quiet, result.run.quiet)
    print("p50", percentile(result.sdk.each, 0.5), percentile(result.run.each, 0.5))
    print("p99", percentile(result.sdk.each, 0.99), percentile(result.run.each, 0.99))
    print("async cpu", result.acpu, result.asdk.quiet, result.arun.quiet, "rate", result.rate)
