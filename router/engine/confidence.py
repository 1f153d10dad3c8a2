"""Confidence: one number in 0..1 made from signals, or the reason why there is none."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

from msgspec import Struct

from router.compiler.model import AgreementSignal, Confidence, VerifierSignal

__all__ = ["Reading", "agreement", "combine", "field_reading", "is_paid", "lookup", "paid"]


class Reading(Struct, frozen=True):
    """One signal as read. `value` None counts as not confident; `reason` says why."""

    value: float | None
    reason: str | None = None


MISSING = object()


def lookup(output: Any, path: Sequence[str]) -> Any:
    """The value under a path of keys, MISSING where it leads nowhere."""
    value = output
    for step in path:
        if not isinstance(value, dict) or step not in value:
            return MISSING
        value = value[step]
    return value


def field_reading(output: Any, path: Sequence[str]) -> Reading:
    """The confidence that the model states in a field of its output."""
    value = lookup(output, path)
    if type(value) in (float, int) and 0 <= value <= 1:
        return Reading(float(value))
    name = ".".join(("output", *path))
    if value is MISSING:
        return Reading(None, f"{name} is missing")
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return Reading(None, f"{name} is not a number")
    if not 0 <= value <= 1:
        return Reading(None, f"{name} is {value:g}, outside 0..1")
    return Reading(float(value))


def agreement(outputs: Sequence[Any], samples: int, path: Sequence[str]) -> tuple[Reading, int]:
    """The share of samples that agree, and the index of one that holds the majority's value.

    A sample without a usable answer agrees with none, so the share is out of `samples`. Ties go
    to the value seen first.
    """
    votes: dict[str, list[int]] = {}
    for index, output in enumerate(outputs):
        value = lookup(output, path)
        if value is not MISSING:
            votes.setdefault(_ballot(value), []).append(index)
    if not votes:
        return Reading(None, f"no sample has output.{'.'.join(path)}"), 0
    winners = max(votes.values(), key=len)
    return Reading(len(winners) / samples), winners[0]


def combine(readings: Sequence[Reading], how: Literal["min", "mean", "product"]) -> Reading:
    """One reading from several; a missing one makes the whole missing."""
    if len(readings) == 1:
        return readings[0]
    values = []
    for reading in readings:
        if reading.value is None:
            return reading
        values.append(reading.value)
    if how == "min":
        return Reading(min(values))
    if how == "mean":
        return Reading(math.fsum(values) / len(values))
    return Reading(math.prod(values))


def is_paid(signal: object) -> bool:
    """Whether reading a signal costs calls of its own."""
    return isinstance(signal, AgreementSignal | VerifierSignal)


def paid(confidence: Confidence) -> bool:
    return any(is_paid(signal) for signal in confidence.signals)


def _ballot(value: Any) -> str:
    # Equal values vote together whatever their type: 1 and 1.0 agree, True and 1 do not.
    if isinstance(value, bool) or value is None:
        return repr(value)
    if isinstance(value, int | float):
        return repr(float(value))
    if isinstance(value, str):
        return "s" + value.strip().casefold()
    import json

    return "j" + json.dumps(value, sort_keys=True, ensure_ascii=False)
