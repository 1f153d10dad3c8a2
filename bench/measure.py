"""Measuring on a machine that others use too: CPU time, interleaved slices, quiet quarters.

Absolute figures move by a factor of two with what else runs. So everything that is compared is
run in turns (A B A B), and compared by two ratios: the median of the ratios within a round, and
that of the fastest quarters. CPU time of this process alone is counted, all threads included.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

__all__ = ["Slices", "interleave", "paired", "per_call", "quiet"]

REFERENCE_US = 4.44
"""json.loads of a response like ours on the same kind of machine while nothing else runs."""


@dataclass(slots=True)
class Slices:
    """One contestant's slices: microseconds a call."""

    name: str
    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)
    each: list[float] = field(default_factory=list)  # wall of single calls, where it was taken

    @property
    def quiet(self) -> float:
        return quiet(self.cpu)


def quiet(values: Sequence[float]) -> float:
    """The median of the fastest quarter."""
    fastest = sorted(values)[: max(1, len(values) // 4)]
    return statistics.median(fastest)


def paired(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median of the ratios within one round."""
    return statistics.median(a / b for a, b in zip(ours, theirs, strict=True))


def per_call(call: Callable[[], object], calls: int) -> tuple[float, float]:
    """Microseconds of CPU and of wall time a call."""
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(calls):
        call()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return cpu / calls * 1e6, wall / calls * 1e6


def interleave(
    contestants: Sequence[tuple[str, Callable[[], object]]], *, rounds: int, calls: int
) -> list[Slices]:
    """Run each in turn, `rounds` times."""
    slices = [Slices(name) for name, _ in contestants]
    for _ in range(rounds):
        for (_, call), kept in zip(contestants, slices, strict=True):
            cpu, wall = per_call(call, calls)
            kept.cpu.append(cpu)
            kept.wall.append(wall)
    return slices
