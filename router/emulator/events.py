"""A message as the event stream that the API sends it in."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from router.emulator.wire import json_bytes

__all__ = ["Event", "encode_event", "message_events"]

Event = tuple[str, dict[str, Any]]

_PIECE = 24  # characters a delta


def message_events(message: Mapping[str, Any]) -> list[Event]:
    """message_start, the blocks with a ping after the first has begun, message_delta, -stop."""
    events: list[Event] = [_start(message)]
    for index, block in enumerate(message["content"]):
        events.append(_event("content_block_start", index=index, content_block=_empty(block)))
        if index == 0:
            events.append(_event("ping"))
        events.extend(
            _event("content_block_delta", index=index, delta=delta) for delta in _deltas(block)
        )
        events.append(_event("content_block_stop", index=index))
    usage = {k: v for k, v in message["usage"].items() if k in _CUMULATIVE}
    delta = {
        "stop_reason": message["stop_reason"],
        "stop_sequence": message["stop_sequence"],
        "stop_details": message["stop_details"],
    }
    events.append(_event("message_delta", delta=delta, usage=usage))
    events.append(_event("message_stop"))
    return events


def encode_event(event: Event) -> bytes:
    name, data = event
    return b"event: " + name.encode() + b"\ndata: " + json_bytes(data) + b"\n\n"


# The fields of message_delta's usage: anthropic 2.12, types/message_delta_usage.py.
_CUMULATIVE = frozenset(
    (
        "input_tokens",
        "cache_creation_input_tokens",
        "cache_read_input_tokens",
        "output_tokens",
        "output_tokens_details",
        "server_tool_use",
    )
)


def _event(name: str, **data: Any) -> Event:
    return name, {"type": name, **data}


def _start(message: Mapping[str, Any]) -> Event:
    """The figures of the prompt are final here; those of the output are a placeholder."""
    usage = dict(message["usage"])
    usage.pop("output_tokens_details", None)
    if isinstance(usage.get("output_tokens"), int):
        usage["output_tokens"] = min(1, usage["output_tokens"])
    opening = {
        **message,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "stop_details": None,
        "usage": usage,
    }
    return _event("message_start", message=opening)


def _empty(block: Mapping[str, Any]) -> dict[str, Any]:
    match block.get("type"):
        case "text":
            return {**block, "text": ""}
        case "tool_use":
            return {**block, "input": {}}
        case "thinking":
            return {**block, "thinking": "", "signature": ""}
        case _:
            return dict(block)


def _deltas(block: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    match block.get("type"):
        case "text":
            for piece in _pieces(block["text"]):
                yield {"type": "text_delta", "text": piece}
        case "tool_use":
            yield {"type": "input_json_delta", "partial_json": ""}
            for piece in _pieces(json.dumps(block["input"], ensure_ascii=False)):
                yield {"type": "input_json_delta", "partial_json": piece}
        case "thinking":
            for piece in _pieces(block["thinking"]):
                yield {"type": "thinking_delta", "thinking": piece}
            yield {"type": "signature_delta", "signature": block["signature"]}


def _pieces(text: str) -> Iterator[str]:
    for start in range(0, len(text), _PIECE):
        yield text[start : start + _PIECE]
