"""Conversations given as inputs: Messages-API turns, checked and rebuilt field by field.

Thinking blocks are left out: they are bound to the model that wrote them, and a ladder has
several. `cache_control` is left out: breakpoints are policy. Anything unknown is refused, so
that nothing reaches the API that was not meant to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from router.engine.media import document_source, image_source
from router.errors import InputInvalid

__all__ = ["MAX_TURNS", "clean_turns"]

MAX_TURNS = 100_000  # anthropic 2.12: message_create_params.py, limit of messages per request

_LEFT_OUT = frozenset({"thinking", "redacted_thinking"})
_USER_ONLY = frozenset({"image", "document", "tool_result", "search_result"})
_FIELDS = {
    "text": frozenset({"type", "text", "citations", "cache_control"}),
    "image": frozenset({"type", "source", "cache_control"}),
    "document": frozenset({"type", "source", "title", "context", "citations", "cache_control"}),
    "search_result": frozenset(
        {"type", "source", "title", "content", "citations", "cache_control"}
    ),
    "tool_use": frozenset(
        {"type", "id", "name", "input", "caller", "toolset_name", "cache_control"}
    ),
    "tool_result": frozenset({"type", "tool_use_id", "content", "is_error", "cache_control"}),
}


def clean_turns(value: Any, name: str, *, trusted: bool, followed: bool) -> list[dict[str, Any]]:
    """Fresh turns, safe to send; `value` is left as it is.

    Args:
        value: a list of `{role, content}`.
        name: the input's name, for messages.
        trusted: whether `system` turns may stand in it; from an untrusted input they would be
            instructions by a stranger.
        followed: whether the prompt goes on with a user turn of its own.

    Raises:
        InputInvalid: naming the turn and what is wrong with it.
    """
    if not isinstance(value, list | tuple):
        raise _fault(name, "is no list of turns ({role, content})")
    if len(value) > MAX_TURNS:
        raise _fault(name, f"has {len(value):,} turns, the API takes {MAX_TURNS:,}")
    turns: list[dict[str, Any]] = []
    open_calls: dict[str, str] = {}  # tool_use id -> where it stands
    previous = ""
    for index, turn in enumerate(value):
        where = f"{name}[{index}]"
        cleaned = _turn(turn, where, trusted)
        if cleaned is None:
            continue
        role = cleaned["role"]
        if not turns and role == "assistant":
            raise _fault(where, "is an assistant turn; a conversation begins with the user")
        if open_calls and role == "assistant" and previous != "assistant":
            break  # reported below
        _pair_calls(cleaned, open_calls, where)
        previous = role
        turns.append(cleaned)
    if open_calls:
        call, where = next(iter(open_calls.items()))
        raise _fault(where, f"calls a tool ({call[:40]!r}) that the next turn does not answer")
    if not followed and (not turns or previous != "user"):
        raise _fault(name, "must end with a user turn: the prompt adds none")
    return turns


def _turn(turn: Any, where: str, trusted: bool) -> dict[str, Any] | None:
    if not isinstance(turn, Mapping):
        raise _fault(where, "is no turn ({role, content})")
    for key in turn:
        if key not in ("role", "content"):
            raise _fault(where, f"has an unknown field {str(key)[:40]!r}")
    role, content = turn.get("role"), turn.get("content")
    if role == "system":
        if not trusted:
            raise _fault(
                where, "is a system turn; only an input listed in `trusted` may hold those"
            )
    elif role not in ("user", "assistant"):
        raise _fault(where, "has a role that is neither user nor assistant")
    if isinstance(content, str):
        if not content or content.isspace():
            raise _fault(where, "is empty")
        return {"role": role, "content": content}
    if not isinstance(content, list | tuple) or not content:
        raise _fault(where, "has no content: give text or a list of blocks")
    blocks: list[dict[str, Any]] = []
    stripped = False
    for index, block in enumerate(content):
        place = f"{where}.content[{index}]"
        kind = block.get("type") if isinstance(block, Mapping) else None
        if isinstance(kind, str) and kind in _LEFT_OUT:
            if role != "assistant":
                raise _fault(place, f"is a {kind} block in a {role} turn")
            stripped = True
            continue
        cleaned = _block(block, kind, str(role), place)
        if cleaned is not None:
            blocks.append(cleaned)
    if not blocks:
        if stripped:
            return None
        raise _fault(where, "is empty")
    return {"role": role, "content": blocks}


def _block(block: Any, kind: Any, role: str, where: str) -> dict[str, Any] | None:
    fields = _FIELDS.get(kind) if isinstance(kind, str) else None
    if fields is None:
        raise _fault(where, f"is a block of an unknown type; known: {', '.join(sorted(_FIELDS))}")
    for key in block:
        if key not in fields:
            raise _fault(where, f"has an unknown field {str(key)[:40]!r}")
    if (kind in _USER_ONLY and role != "user") or (kind == "tool_use" and role != "assistant"):
        raise _fault(where, f"is a {kind} block in a {role} turn")
    if role == "system" and kind != "text":
        raise _fault(where, "is no text block, in a system turn")
    if kind == "text":
        return _text(block, where)
    if kind == "tool_use":
        return _tool_use(block, where)
    if kind == "tool_result":
        return _tool_result(block, where)
    if kind == "search_result":
        return _search_result(block, where)
    return _media(block, where)


def _text(block: Mapping[str, Any], where: str) -> dict[str, Any] | None:
    text = block.get("text")
    if not isinstance(text, str):
        raise _fault(where, "has no text")
    if not text or text.isspace():
        return None  # the API refuses blank text; answers of models do hold it
    cleaned: dict[str, Any] = {"type": "text", "text": text}
    if block.get("citations"):
        if not isinstance(block["citations"], list):
            raise _fault(where, "has `citations` that are no list")
        cleaned["citations"] = block["citations"]
    return cleaned


def _media(block: Mapping[str, Any], where: str) -> dict[str, Any]:
    if block["type"] == "image":
        return {"type": "image", "source": image_source(block.get("source"), where)}
    cleaned: dict[str, Any] = {
        "type": "document",
        "source": document_source(block.get("source"), where),
    }
    for key in ("title", "context"):
        if block.get(key) is not None:
            if not isinstance(block[key], str):
                raise _fault(where, f"has a `{key}` that is no text")
            cleaned[key] = block[key]
    return _with_citations(cleaned, block, where)


def _search_result(block: Mapping[str, Any], where: str) -> dict[str, Any]:
    cleaned: dict[str, Any] = {"type": "search_result"}
    for key in ("source", "title"):
        if not isinstance(block.get(key), str):
            raise _fault(where, f"has no `{key}`")
        cleaned[key] = block[key]
    cleaned["content"] = _parts(block.get("content"), where, ("text",))
    return _with_citations(cleaned, block, where)


def _with_citations(
    cleaned: dict[str, Any], block: Mapping[str, Any], where: str
) -> dict[str, Any]:
    citations = block.get("citations")
    if citations is not None:
        if not isinstance(citations, Mapping) or not isinstance(citations.get("enabled"), bool):
            raise _fault(where, "has `citations` that are not {enabled: true or false}")
        cleaned["citations"] = {"enabled": citations["enabled"]}
    return cleaned


def _tool_use(block: Mapping[str, Any], where: str) -> dict[str, Any]:
    for key in ("id", "name"):
        if not isinstance(block.get(key), str) or not block[key]:
            raise _fault(where, f"has no `{key}`")
    if not isinstance(block.get("input"), Mapping):
        raise _fault(where, "has no `input` object")
    # `caller` and `toolset_name` are what an answer says of itself: for our own tools nothing.
    return {
        "type": "tool_use",
        "id": block["id"],
        "name": block["name"],
        "input": block["input"],
    }


def _tool_result(block: Mapping[str, Any], where: str) -> dict[str, Any]:
    if not isinstance(block.get("tool_use_id"), str) or not block["tool_use_id"]:
        raise _fault(where, "has no `tool_use_id`")
    cleaned: dict[str, Any] = {"type": "tool_result", "tool_use_id": block["tool_use_id"]}
    content = block.get("content")
    if isinstance(content, str):
        cleaned["content"] = content
    elif content is not None:
        cleaned["content"] = _parts(content, where, ("text", "image", "document", "search_result"))
    if block.get("is_error") is not None:
        if not isinstance(block["is_error"], bool):
            raise _fault(where, "has an `is_error` that is neither true nor false")
        cleaned["is_error"] = block["is_error"]
    return cleaned


def _parts(content: Any, where: str, kinds: Sequence[str]) -> list[dict[str, Any]]:
    """The blocks inside a block."""
    if not isinstance(content, list | tuple):
        raise _fault(where, "has content that is no list of blocks")
    parts = []
    for index, part in enumerate(content):
        place = f"{where}.content[{index}]"
        kind = part.get("type") if isinstance(part, Mapping) else None
        if kind not in kinds:
            raise _fault(place, f"is not a block of one of these types: {', '.join(kinds)}")
        cleaned = _block(part, kind, "user", place)
        if cleaned is not None:
            parts.append(cleaned)
    return parts


def _pair_calls(turn: Mapping[str, Any], open_calls: dict[str, str], where: str) -> None:
    """Keep account of tool calls: the API refuses a call without result, and a result without."""
    if isinstance(turn["content"], str):
        return
    for index, block in enumerate(turn["content"]):
        if block["type"] == "tool_use":
            open_calls[block["id"]] = f"{where}.content[{index}]"
        elif block["type"] == "tool_result":
            call = block["tool_use_id"]
            if open_calls.pop(call, None) is None:
                raise _fault(f"{where}.content[{index}]", f"answers no tool call ({call[:40]!r})")


def _fault(where: str, why: str) -> InputInvalid:
    name = where.split("[", 1)[0]
    place = "" if where == name else f" at `{where}`"
    return InputInvalid(
        f"input `{name}` is no valid conversation{place}: {why}", [f"{where}: {why}"]
    )
