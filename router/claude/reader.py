"""The strict reader for whole bodies: what came over the wire becomes a Reply or a Fault.

The SDK carries a list, a `null`, a proxy's HTML page or an error body under status 200 to its
caller as if it were an answer. Nothing leaves this module but an answer that is one in every
part, or a typed fault; no exception does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from router.claude.faults import error_fault, is_emulated, request_id
from router.claude.redact import clean, preview
from router.claude.usage import ReadUsage, read_usage
from router.engine.effects import Fault, FaultKind, Outcome, Reply
from router.engine.strict_json import StrictJsonError, parse_json_strict

__all__ = ["blocks_problem", "make_reply", "read_body"]


class _Message(msgspec.Struct):
    """A Messages-API answer, as far as it decides anything. Blocks stay as they came."""

    type: str
    id: str
    model: str
    content: list[dict[str, Any]]
    stop_reason: str
    usage: msgspec.Raw = msgspec.Raw(b"")
    role: str = "assistant"
    stop_details: dict[str, Any] | None = None


_decode = msgspec.json.Decoder(_Message).decode

# Members whose doubling would change what is believed. A repeated name may also be a nested
# one, so a second sighting only sends the body the slow way.
_ONCE = (b'"usage"', b'"content"', b'"stop_reason"', b'"model"')
_TOOL = b'"tool_use"'
_ESCAPED_NAME = b"\\u00"  # the only way to write a name so that the search above misses it


def read_body(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    asked: Mapping[str, Any] | None = None,
    emulated: bool = False,
    latency: float = 0.0,
    first_token: float | None = None,
    secrets: Iterable[str] = (),
) -> Outcome:
    """The answer in a whole body, or the fault it stands for.

    Args:
        status: HTTP status.
        headers: the answer's headers, names in lower case.
        body: the whole decoded body.
        asked: the request's body, to judge the usage by and to see what was ignored.
        emulated: the answer is not a real model's.
        latency: seconds the attempt took.
        first_token: seconds to the first byte, where it was measured.
        secrets: values that must not appear in a fault.
    """
    if not 200 <= status < 300:
        return error_fault(
            status, headers, body, secrets=secrets, latency=latency, emulated=emulated
        )
    try:
        message = _decode(body)
    except (ValueError, RecursionError) as error:
        return _explain(
            status, headers, body, error, secrets=secrets, latency=latency, emulated=emulated
        )
    problem = _problem(message, body)
    if problem is not None:
        return _explain(
            status, headers, body, problem, secrets=secrets, latency=latency, emulated=emulated
        )
    usage = message.usage
    return make_reply(
        headers,
        id=message.id,
        model=message.model,
        content=message.content,
        stop_reason=message.stop_reason,
        stop_details=message.stop_details,
        read=read_usage(usage, asked),
        asked=asked,
        status=status,
        latency=latency,
        first_token=first_token,
        emulated=emulated,
        secrets=secrets,
    )


def make_reply(
    headers: Mapping[str, str],
    *,
    id: str,  # noqa: A002 - the API's own name
    model: str,
    content: Sequence[Mapping[str, Any]],
    stop_reason: str,
    stop_details: Mapping[str, Any] | None,
    read: ReadUsage,
    asked: Mapping[str, Any] | None,
    status: int = 200,
    latency: float = 0.0,
    first_token: float | None = None,
    emulated: bool = False,
    relayed: bool = False,
    secrets: Iterable[str] = (),
) -> Reply:
    """The Reply for parts that passed every check, from a body or from a stream's events."""
    texts = [block["text"] for block in content if block["type"] == "text"]
    return Reply(
        id=id,
        model=model,
        content=tuple(content),
        text=texts[0] if len(texts) == 1 else "".join(texts),
        stop_reason=stop_reason,
        usage=read.usage,
        usage_known=read.known,
        stop_details=stop_details,
        service=read.service,
        request_id=request_id(headers, secrets),
        http_status=status,
        latency=latency,
        first_token=first_token,
        emulated=emulated or is_emulated(headers),
        relayed=relayed,
        ignored=_ignored(asked, read, content) if asked is not None else (),
    )


def blocks_problem(content: Sequence[Mapping[str, Any]]) -> str | None:
    """What is wrong with the content blocks, if anything; kinds that are not known pass."""
    for number, block in enumerate(content):
        kind = block.get("type")
        if kind == "text":
            if type(block.get("text")) is not str:
                return f"content block {number} is text without a text"
        elif kind == "tool_use":
            if not (
                isinstance(block.get("id"), str)
                and isinstance(block.get("name"), str)
                and isinstance(block.get("input"), dict)
            ):
                return f"content block {number} is a tool call without an id, a name or an input"
        elif kind == "thinking":
            if not isinstance(block.get("thinking"), str):
                return f"content block {number} is thinking without a text"
        elif not isinstance(kind, str):
            return f"content block {number} has no type"
    return None


def _problem(message: _Message, body: bytes) -> str | None:
    if message.type != "message":
        return "the answer is not of type message"
    if message.role != "assistant":
        return "the answer's role is not assistant"
    if not (message.id and message.model and message.stop_reason):
        return "the answer's id, model or stop_reason is empty"
    problem = blocks_problem(message.content)
    if problem is not None:
        return problem
    for name in _ONCE:
        if body.count(name) > 1:
            break
    else:
        if _TOOL not in body and _ESCAPED_NAME not in body:
            return None
    try:
        parse_json_strict(body)
    except StrictJsonError as error:
        return f"the answer is not strict JSON: {error}"
    return None


def _explain(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    why: Exception | str,
    *,
    secrets: Iterable[str],
    latency: float,
    emulated: bool,
) -> Fault:
    """The fault for a body under status 200 that is no answer."""
    kind = FaultKind.BAD_RESPONSE
    try:
        value = msgspec.json.decode(body)
    except RecursionError:
        message = "the answer is nested too deeply"
    except UnicodeDecodeError:
        message = "the answer is not valid UTF-8"
    except ValueError as error:
        stripped = body.strip()
        if not stripped:
            message = "the answer is empty"
        elif stripped[:1] in (b"{", b"[") and not stripped.endswith((b"}", b"]")):
            kind, message = FaultKind.TRUNCATED_BODY, "the answer ends in the middle"
        elif stripped[:1] in (b"{", b"["):
            message = f"the answer is not JSON: {clean(str(error), secrets, limit=120)}"
        else:
            message = f"the answer is not JSON: {preview(body, secrets)}"
    else:
        if isinstance(value, dict) and (
            value.get("type") == "error" or ("type" not in value and "error" in value)
        ):
            return error_fault(
                status, headers, body, secrets=secrets, latency=latency, emulated=emulated
            )
        if isinstance(value, dict):
            message = f"the answer is no message: {clean(str(why), secrets, limit=200)}"
        else:
            message = f"the answer is no message but a JSON {_json_kind(value)}"
    return Fault(
        kind=kind,
        message=message,
        status=status,
        request_id=request_id(headers, secrets),
        maybe_billed=True,
        latency=latency,
        emulated=emulated,
    )


def _json_kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "string"
    return "list" if isinstance(value, list) else "number"


def _ignored(
    asked: Mapping[str, Any], read: ReadUsage, content: Sequence[Mapping[str, Any]]
) -> tuple[str, ...]:
    """Fields of the request that the endpoint is seen to have ignored, by its own account."""
    ignored: tuple[str, ...] = ()
    if read.service is not None:
        served = read.service
        if asked.get("speed") == "fast" and served.get("speed", "fast") != "fast":
            ignored += ("speed",)
        geography = asked.get("inference_geo")
        if geography is not None and served.get("inference_geo", geography) not in (
            geography,
            "not_available",
        ):
            ignored += ("inference_geo",)
    if read.known:
        limit = asked.get("max_tokens")
        if isinstance(limit, int) and read.usage.output_tokens > limit:
            ignored += ("max_tokens",)
        if not read.caches and _has_breakpoint(asked):
            ignored += ("cache_control",)
    for block in content:
        if block["type"] == "thinking" and asked.get("thinking") == {"type": "disabled"}:
            return (*ignored, "thinking")
    return ignored


def _has_breakpoint(asked: Mapping[str, Any]) -> bool:
    for part in ("system", "tools"):
        if _any_breakpoint(asked.get(part)):
            return True
    messages = asked.get("messages")
    if not isinstance(messages, (list, tuple)):
        return False
    return any(isinstance(m, Mapping) and _any_breakpoint(m.get("content")) for m in messages)


def _any_breakpoint(blocks: Any) -> bool:
    return isinstance(blocks, (list, tuple)) and any(
        isinstance(block, Mapping) and "cache_control" in block for block in blocks
    )
