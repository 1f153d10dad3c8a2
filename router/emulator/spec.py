"""Replies as plain data: how a policy test or a JSON file writes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from router.emulator.faults import fault
from router.emulator.replies import Answer, Item, as_item, call_tool, refuse, reply, truncate
from router.policy.scalars import duration
from router.policy.suggest import did_you_mean

__all__ = ["KINDS", "SPEC_KEYS", "parse_item"]

KINDS = frozenset(("output", "text", "error", "stop", "tool"))
_TIMES = ("latency", "pace", "retry_after")
_FAULT_KEYS = frozenset(("retry_after", "after_events", "body", "how"))
SPEC_KEYS = (
    KINDS | {"input", "category", "usage", "latency", "pace", "model", "times", "thinking_tokens"}
) | _FAULT_KEYS
_USAGE = frozenset(
    (
        *("input_tokens", "output_tokens", "output_tokens_details", "cache_read_input_tokens"),
        *("cache_creation", "cache_creation_input_tokens", "server_tool_use"),
        *("service_tier", "speed", "inference_geo"),
    )
)
_STOPS = {"refusal", "max_tokens", "truncated", "model_context_window_exceeded", "pause_turn"}


def parse_item(value: Any) -> tuple[Item, int]:
    """A reply as a test file writes it, and how often it is given.

    `"text"`; any other value is an output; a mapping made only of the keys `output`, `text`,
    `error`, `stop`, `tool`, `input`, `category`, `usage`, `thinking_tokens`, `latency`, `pace`,
    `model`, `times`, and beside `error` also `retry_after`, `after_events`, `body`, `how`, says
    more: `{error: overloaded, times: 2}`, `{stop: refusal}`, `{text: hi, latency: 2s}`. An output
    with such names is written `{output: {text: hi}}`. Times are seconds or durations.

    Raises:
        ValueError: an unknown fault or stop reason, or keys that do not go together.
    """
    if not isinstance(value, Mapping) or not _is_spec(value):
        return as_item(value), 1
    spec = dict(value)
    times = spec.pop("times", 1)
    if not isinstance(times, int) or isinstance(times, bool) or times < 1:
        raise ValueError(f"times must be a whole number from 1, not {times!r}")
    _check_usage(spec.get("usage"))
    for name in _TIMES:
        if isinstance(spec.get(name), str):
            spec[name] = duration(spec[name])
    try:
        if "error" in spec:
            return fault(spec.pop("error"), **spec), times
        if "stop" in spec:
            return _stopped(spec), times
        if "tool" in spec:
            return call_tool(spec.pop("tool"), spec.pop("input", {}), **spec), times
        return reply(**spec), times
    except TypeError as error:
        raise ValueError(f"cannot make a reply of {dict(value)!r}: {error}") from None


def _is_spec(value: Mapping[str, Any]) -> bool:
    known = SPEC_KEYS if "error" in value else SPEC_KEYS - _FAULT_KEYS
    return known.issuperset(value) and not KINDS.isdisjoint(value)


def _check_usage(usage: Any) -> None:
    """The emulator passes on any usage; a script that is written by hand means one of the API's."""
    if usage is None:
        return
    if not isinstance(usage, Mapping):
        raise ValueError(f"usage is a map, not {usage!r}")
    for name, count in usage.items():
        if isinstance(count, int | float) and count < 0:
            raise ValueError(f"usage counts from 0: {name} is {count}")
        if name not in _USAGE:
            hint = did_you_mean(str(name), _USAGE) or f"one of: {', '.join(sorted(_USAGE))}"
            raise ValueError(f"usage has no {name!r}; {hint}")


def _stopped(spec: dict[str, Any]) -> Answer:
    stop = spec.pop("stop")
    if stop not in _STOPS:
        hint = did_you_mean(str(stop), _STOPS) or f"one of: {', '.join(sorted(_STOPS))}"
        raise ValueError(f"unknown stop {stop!r}; {hint}")
    if stop == "refusal":
        return refuse(spec.pop("category", None), **spec)
    if stop in ("max_tokens", "truncated"):
        return truncate(spec.pop("text", "[emulated] cut"), **spec)
    return reply(**spec, stop_reason=stop)
