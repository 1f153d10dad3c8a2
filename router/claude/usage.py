"""Token counts as the API reports them, believed only where they are plausible."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from router.engine.strict_json import StrictJsonError, parse_json_strict
from router.types import Usage

__all__ = ["MAX_PROMPT_TOKENS", "ReadUsage", "read_usage", "usage_from_mapping"]

MAX_PROMPT_TOKENS = 20_000_000
"""No model's context window comes near; a larger count is nonsense, not usage."""
_MAX_OUTPUT_TOKENS = 2_000_000
_OUTPUT_SLACK = 1_024  # a count a little over `max_tokens` is what the bill says, so it is kept


class _Split(msgspec.Struct):
    ephemeral_5m_input_tokens: int | None = 0
    ephemeral_1h_input_tokens: int | None = 0


class _Details(msgspec.Struct):
    thinking_tokens: int | None = 0


class _Wire(msgspec.Struct):
    """`usage` of a message: the SDK's `types/usage.py`, counts strict, the rest as it comes."""

    input_tokens: int
    output_tokens: int
    cache_creation_input_tokens: int | msgspec.UnsetType | None = msgspec.UNSET
    cache_read_input_tokens: int | msgspec.UnsetType | None = msgspec.UNSET
    cache_creation: _Split | None = None
    output_tokens_details: _Details | None = None
    service_tier: Any = None
    speed: Any = None
    inference_geo: Any = None


class ReadUsage(msgspec.Struct, frozen=True):
    """Usage and what else the API says about how it served the request."""

    usage: Usage
    known: bool
    service: Mapping[str, str] | None = None
    caches: bool = True  # False: the endpoint has no notion of caching


_UNKNOWN = ReadUsage(Usage(), known=False)
_decode = msgspec.json.Decoder(_Wire).decode


def read_usage(raw: bytes | memoryview, asked: Mapping[str, Any] | None = None) -> ReadUsage:
    """Usage from its JSON text; unknown where it is malformed, doubled or not plausible.

    `asked` is the request's body: no count of output far above its `max_tokens` is believed.
    """
    try:
        wire = _decode(raw)
    except (ValueError, RecursionError):
        return _UNKNOWN
    text = bytes(raw)
    if text.count(b'"input_tokens"') > 1 or text.count(b'"output_tokens"') > 1:
        try:
            parse_json_strict(text)
        except StrictJsonError:
            return _UNKNOWN
    return _judge(wire, asked)


def usage_from_mapping(
    value: Mapping[str, Any], asked: Mapping[str, Any] | None = None
) -> ReadUsage:
    """The same from a mapping, as gathered from a stream's events."""
    try:
        wire = msgspec.convert(value, _Wire)
    except (ValueError, RecursionError):
        return _UNKNOWN
    return _judge(wire, asked)


def _judge(wire: _Wire, asked: Mapping[str, Any] | None) -> ReadUsage:
    written, read = wire.cache_creation_input_tokens, wire.cache_read_input_tokens
    caches = not (written is msgspec.UNSET and read is msgspec.UNSET)
    total = written if isinstance(written, int) else None
    hits = read if isinstance(read, int) else 0
    split = wire.cache_creation
    if split is not None:
        short, long = split.ephemeral_5m_input_tokens or 0, split.ephemeral_1h_input_tokens or 0
        if total is not None and short + long != total:
            return _UNKNOWN
    elif total and asked is not None and _asks_for_an_hour(asked):
        short, long = 0, total  # not told apart: the dearer kind
    else:
        short, long = total or 0, 0
    details = wire.output_tokens_details
    thinking = (details.thinking_tokens or 0) if details is not None else 0
    into, out = wire.input_tokens, wire.output_tokens
    if into < 0 or short < 0 or long < 0 or hits < 0 or thinking < 0:
        return _UNKNOWN
    if into + short + long + hits > MAX_PROMPT_TOKENS:
        return _UNKNOWN
    if not thinking <= out <= _output_ceiling(asked):
        return _UNKNOWN
    return ReadUsage(Usage(into, out, short, long, hits, thinking), True, _service(wire), caches)


def _output_ceiling(asked: Mapping[str, Any] | None) -> int:
    limit = asked.get("max_tokens") if asked is not None else None
    if not isinstance(limit, int):
        return _MAX_OUTPUT_TOKENS
    return 2 * limit + _OUTPUT_SLACK


def _service(wire: _Wire) -> Mapping[str, str] | None:
    tier, speed, geography = wire.service_tier, wire.speed, wire.inference_geo
    told = {}
    if isinstance(tier, str):
        told["service_tier"] = tier
    if isinstance(speed, str):
        told["speed"] = speed
    if isinstance(geography, str):
        told["inference_geo"] = geography
    return told or None


def _asks_for_an_hour(asked: Mapping[str, Any]) -> bool:
    """Whether any cache breakpoint of a request asks for the one-hour lifetime."""
    pending: list[Any] = [asked]
    while pending:
        value = pending.pop()
        if isinstance(value, Mapping):
            control = value.get("cache_control")
            if isinstance(control, Mapping) and control.get("ttl") == "1h":
                return True
            pending.extend(value[key] for key in ("system", "messages", "tools") if key in value)
            pending.extend(value[key] for key in ("content",) if key in value)
        elif isinstance(value, (list, tuple)):
            pending.extend(value)
    return False
