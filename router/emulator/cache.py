"""Prompt-cache accounting: what a request reads, what it writes, and until when it lives.

Facts: the prompt-caching page of platform.claude.com as of 2026-10-08. The cache is kept per
model; lookups and writes happen at breakpoints; a lookup goes over 20 positions; lifetimes are
counted from the start of the request and renewed by each use; an entry can be read only once the
response to the request that wrote it has begun.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from router.emulator.prompt import PromptBlock

__all__ = ["CacheUse", "PromptCache"]

_LOOKBACK = 20  # positions a breakpoint, itself the first
_SECONDS = {"5m": 300.0, "1h": 3600.0}
# Where the model's minimum is not published: that of all 5.x models that publish one, save
# Sonnet 5.
_UNPUBLISHED_MINIMUM = 512
_SWEEP_ABOVE = 10_000  # entries, before dead ones are dropped


@dataclass(frozen=True, slots=True)
class CacheUse:
    """The prompt's tokens by how they are billed. `commit` makes what was written readable."""

    input: int
    read: int
    write_5m: int
    write_1h: int
    commit: Callable[[], None]

    @property
    def total(self) -> int:
        return self.input + self.read + self.write_5m + self.write_1h

    def plus_input(self, tokens: int) -> CacheUse:
        """With tokens that no breakpoint can cover."""
        return replace(self, input=self.input + tokens)


@dataclass(slots=True)
class _Entry:
    expires: float
    lifetime: float


class PromptCache:
    """Cached prefixes of all models. Not locked: the emulator calls it under its own lock."""

    def __init__(self) -> None:
        self._entries: dict[tuple[str, bytes], _Entry] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def clear(self) -> None:
        self._entries.clear()

    def use(
        self, model: str, minimum: int | None, blocks: Sequence[PromptBlock], now: float
    ) -> CacheUse:
        """Accounts for one request that starts at `now` (seconds). Reads renew what they read."""
        ends = _running_totals(blocks)
        total = ends[-1] if ends else 0
        breakpoints = [i for i, block in enumerate(blocks) if block.ttl is not None]
        read_to = self._read(model, blocks, breakpoints, now)
        read = ends[read_to] if read_to >= 0 else 0
        least = _UNPUBLISHED_MINIMUM if minimum is None else minimum
        writes = [i for i in breakpoints if i > read_to and ends[i] >= least]
        # With both lifetimes in one request the longer one comes first: what lies between the
        # read prefix and the last 1h breakpoint is written for an hour, the rest for 5 minutes.
        hour_end = max([read, *(ends[i] for i in writes if blocks[i].ttl == "1h")])
        last_end = max([hour_end, *(ends[i] for i in writes)])

        def commit() -> None:
            for index in writes:
                lifetime = _SECONDS[blocks[index].ttl or "5m"]
                key = (model, blocks[index].digest)
                self._entries[key] = _Entry(now + lifetime, lifetime)
            if len(self._entries) > _SWEEP_ABOVE:
                self._sweep(now)

        return CacheUse(total - last_end, read, last_end - hour_end, hour_end - read, commit)

    def _read(
        self, model: str, blocks: Sequence[PromptBlock], breakpoints: Sequence[int], now: float
    ) -> int:
        """The index of the last block that is read from the cache; -1 for none."""
        best = -1
        for point in breakpoints:
            for index in _looked_up(blocks, point):
                entry = self._entries.get((model, blocks[index].digest))
                if entry is not None and now < entry.expires:
                    entry.expires = max(entry.expires, now + entry.lifetime)
                    best = max(best, index)
                    break
        return best

    def _sweep(self, now: float) -> None:
        self._entries = {k: e for k, e in self._entries.items() if now < e.expires}


def _looked_up(blocks: Sequence[PromptBlock], point: int) -> Iterator[int]:
    """The blocks a breakpoint is compared at; a run of tool calls or results is one position."""
    positions = 0
    for index in range(point, -1, -1):
        same_run = (
            index < point and blocks[index].run and blocks[index].run == blocks[index + 1].run
        )
        positions += not same_run
        if positions > _LOOKBACK:
            return
        yield index


def _running_totals(blocks: Sequence[PromptBlock]) -> list[int]:
    totals: list[int] = []
    for block in blocks:
        totals.append(block.tokens + (totals[-1] if totals else 0))
    return totals
