"""From an answer of a script to a message as the API would give it, with its usage."""

from __future__ import annotations

import json
from collections.abc import Mapping
from random import Random
from typing import Any

from router.catalog.models import Model
from router.catalog.tokens import estimate_json, estimate_text
from router.emulator.cache import CacheUse
from router.emulator.replies import Answer
from router.emulator.request import MessageRequest
from router.emulator.shapes import shaped

__all__ = ["build_message"]

_MARK = "[emulated]"


def build_message(
    answer: Answer,
    request: MessageRequest,
    model: Model,
    used: CacheUse,
    content_random: Random,
    random: Random,
) -> dict[str, Any]:
    """The message body. `content_random` decides made-up content, `random` the ids.

    Text that meets a stop sequence ends there; output beyond max_tokens, or beyond the context
    window, is cut, as the API cuts it: in the middle of a word, or of JSON.
    """
    body = request.body
    content = [_with_id(b, random) for b in _content(answer, request, content_random)]
    content, sequence = _until_stop(content, body.get("stop_sequences") or ())
    stop = answer.stop_reason
    thinking = min(_thinking_tokens(answer, model), body["max_tokens"])
    room, over = _room(body["max_tokens"], model, used.total)
    content, spent = _fit(content, room - thinking, model)
    cut = spent is None
    if stop is None:
        full = cut or body["max_tokens"] == 0
        stop = over if full else _natural_stop(content, sequence)
    # A truncation that a script asks for has used up max_tokens, however short its text is.
    output = room if cut or stop == "max_tokens" else thinking + (spent or 0)
    return {
        "id": "msg_emulated_" + _token(random),
        "type": "message",
        "role": "assistant",
        "model": answer.model or model.id,
        "content": [*_thinking(answer, random), *content],
        "stop_reason": stop,
        "stop_sequence": sequence if stop == "stop_sequence" else None,
        "stop_details": None if answer.stop_details is None else dict(answer.stop_details),
        "usage": _overridden(_usage(used, output, thinking, body, model), answer.usage),
    }


def _content(answer: Answer, request: MessageRequest, random: Random) -> list[dict[str, Any]]:
    if answer.has_output:
        return [_text(json.dumps(answer.output, ensure_ascii=False))]
    if answer.text is not None:
        return [_text(answer.text)] if answer.text else []
    if answer.content is not None:
        return [dict(block) for block in answer.content]
    if answer.stop_reason == "refusal" or request.body["max_tokens"] == 0:
        return []
    return _made_up(request, random)


def _made_up(request: MessageRequest, random: Random) -> list[dict[str, Any]]:
    """An answer of the right shape, plainly marked as nobody's."""
    choice = request.body.get("tool_choice") or {}
    if choice.get("type") in ("any", "tool"):
        tools = [t for t in request.tools if choice.get("name") in (None, t.get("name"))]
        arguments = shaped(tools[0].get("input_schema") or {}, random)
        return [{"type": "tool_use", "name": tools[0]["name"], "input": arguments}]
    if request.schema is not None:
        return [_text(json.dumps(shaped(request.schema, random), ensure_ascii=False))]
    size = len(request.text)
    return [_text(f"{_MARK} This stands in for an answer of {request.model} to {size} characters.")]


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def _with_id(block: dict[str, Any], random: Random) -> dict[str, Any]:
    if block.get("type") == "tool_use":
        return {"id": "toolu_emulated_" + _token(random), **block}
    return {"citations": None, **block} if block.get("type") == "text" else block


def _thinking(answer: Answer, random: Random) -> list[dict[str, Any]]:
    """The newest models send thinking without its text unless they are asked for a summary."""
    if answer.thinking is None and not answer.thinking_tokens:
        return []
    text = answer.thinking or ""
    return [{"type": "thinking", "thinking": text, "signature": "emulated" + _token(random)}]


def _thinking_tokens(answer: Answer, model: Model) -> int:
    if answer.thinking and not answer.thinking_tokens:
        return estimate_text(answer.thinking, model)
    return answer.thinking_tokens


def _until_stop(
    content: list[dict[str, Any]], sequences: Any
) -> tuple[list[dict[str, Any]], str | None]:
    for index, block in enumerate(content):
        if block.get("type") != "text":
            continue
        found = [(block["text"].find(s), s) for s in sequences if s in block["text"]]
        if found:
            at, sequence = min(found)
            before = [*content[:index], {**block, "text": block["text"][:at]}]
            return [b for b in before if b.get("type") != "text" or b["text"]], sequence
    return content, None


def _room(max_tokens: int, model: Model, prompt: int) -> tuple[int, str]:
    """How many tokens of output there is room for, and the stop reason once they are used up."""
    if model.limits is not None and model.limits.context_window - prompt < max_tokens:
        return max(0, model.limits.context_window - prompt), "model_context_window_exceeded"
    return max_tokens, "max_tokens"


def _fit(
    content: list[dict[str, Any]], room: int, model: Model
) -> tuple[list[dict[str, Any]], int | None]:
    """What of the content fits, and its tokens; None when something was cut off."""
    spent = 0
    kept: list[dict[str, Any]] = []
    for block in content:
        size = _size(block, model)
        if spent + size > room:
            if block.get("type") == "text":
                share = max(0, room - spent) / size
                text = block["text"][: int(len(block["text"]) * share)]
                kept.extend([{**block, "text": text}] if text else [])
            return kept, None
        spent += size
        kept.append(block)
    return kept, spent


def _size(block: Mapping[str, Any], model: Model) -> int:
    if block.get("type") == "text":
        return max(1, estimate_text(block["text"], model))
    tokenizer = model.capabilities.tokenizer if model.capabilities else "new"
    return estimate_json([block.get("name"), block.get("input")], tokenizer)


def _natural_stop(content: list[dict[str, Any]], sequence: str | None) -> str:
    if sequence is not None:
        return "stop_sequence"
    used_tool = any(block.get("type") == "tool_use" for block in content)
    return "tool_use" if used_tool else "end_turn"


def _usage(
    used: CacheUse, output: int, thinking: int, body: Mapping[str, Any], model: Model
) -> dict[str, Any]:
    # Opus 4.6 takes `speed: fast` and serves it at standard speed.
    fast = body.get("speed") == "fast" and model.id != "claude-opus-4-6"
    return {
        "input_tokens": used.input,
        "cache_creation_input_tokens": used.write_5m + used.write_1h,
        "cache_read_input_tokens": used.read,
        "cache_creation": {
            "ephemeral_5m_input_tokens": used.write_5m,
            "ephemeral_1h_input_tokens": used.write_1h,
        },
        "output_tokens": output,
        "output_tokens_details": {"thinking_tokens": thinking},
        "service_tier": "standard",
        "speed": "fast" if fast else "standard",
        "inference_geo": body.get("inference_geo") or "global",
        "server_tool_use": None,
    }


def _overridden(usage: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Fields set by a script; the writes follow where only their parts are given."""
    changed = {k: v for k, v in {**usage, **changes}.items() if v is not None or k not in changes}
    parts = changes.get("cache_creation")
    if isinstance(parts, Mapping) and "cache_creation_input_tokens" not in changes:
        changed["cache_creation_input_tokens"] = sum(parts.values())
    return changed


def _token(random: Random) -> str:
    return f"{random.getrandbits(64):016x}"
