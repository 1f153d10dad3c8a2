"""The form of a Messages request: which fields there are and what may stand in them.

Facts: the parameter types of anthropic 2.12 (types/message_create_params.py and the types it
names) and the API reference; the wording of the messages is ours.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from router.emulator.request import blocks_of

__all__ = ["structure_problems"]

Body = Mapping[str, Any]

_FIELDS = frozenset(
    (
        "model",
        "max_tokens",
        "messages",
        "system",
        "tools",
        "tool_choice",
        "stream",
        "stop_sequences",
        "metadata",
        "output_config",
        "thinking",
        "cache_control",
        "container",
        "diagnostics",
        "inference_geo",
        "service_tier",
        "speed",
        "user_profile_id",
        "temperature",
        "top_p",
        "top_k",
    )
)
_BETA_FIELDS = frozenset(
    (
        "mcp_servers",
        "context_management",
        "fallbacks",
        "betas",
    )
)
_UNCOUNTED = frozenset(
    (
        "max_tokens",
        "stream",
        "stop_sequences",
        "metadata",
        "container",
        "diagnostics",
        "inference_geo",
        "service_tier",
        "user_profile_id",
        "temperature",
        "top_p",
        "top_k",
    )
)
_ROLES = ("user", "assistant", "system")
_USER_BLOCKS = frozenset(
    (
        "text",
        "image",
        "document",
        "tool_result",
        "search_result",
        "container_upload",
        "tool_reference",
    )
)
_ASSISTANT_BLOCKS = frozenset(
    (
        "text",
        "tool_use",
        "thinking",
        "redacted_thinking",
        "server_tool_use",
    )
)
_IMAGE_TYPES = frozenset(("image/jpeg", "image/png", "image/gif", "image/webp"))
_TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")
_MOST_MESSAGES = 100_000
_TYPE_NAMES = {str: "a valid string", bool: "a valid boolean", list: "a valid list"}


def structure_problems(body: Body, *, counting: bool = False, beta: bool = False) -> Iterator[str]:
    """What is wrong with the form of a body, the gravest first; empty when it is in order.

    `counting`: the body is for count_tokens, which knows fewer fields. `beta`: the request names
    beta features, whose fields are let through unread.
    """
    yield from _unknown(body, counting, beta)
    for check in _CHECKS:
        if not (counting and check in _NOT_WHEN_COUNTING):
            yield from check(body)


def _unknown(body: Body, counting: bool, beta: bool) -> Iterator[str]:
    known = _FIELDS - _UNCOUNTED if counting else _FIELDS
    for name in body:
        if name not in known and not (beta and name in _BETA_FIELDS):
            yield f"{name}: Extra inputs are not permitted"


def _typed(body: Body, name: str, kind: type) -> Iterator[str]:
    value = body.get(name)
    if value is not None and not isinstance(value, kind):
        yield f"{name}: Input should be {_TYPE_NAMES.get(kind, 'a valid dictionary')}"


def _model(body: Body) -> Iterator[str]:
    if "model" not in body:
        yield "model: Field required"
    elif not isinstance(body["model"], str) or not body["model"]:
        yield "model: Input should be a valid string"


def _max_tokens(body: Body) -> Iterator[str]:
    if "max_tokens" not in body:
        yield "max_tokens: Field required"
        return
    value = body["max_tokens"]
    if isinstance(value, bool) or not isinstance(value, int):
        yield "max_tokens: Input should be a valid integer"
    elif value < 0:
        yield "max_tokens: Input should be greater than or equal to 0"


def _messages(body: Body) -> Iterator[str]:
    if "messages" not in body:
        yield "messages: Field required"
        return
    messages = body["messages"]
    if not isinstance(messages, list):
        yield "messages: Input should be a valid list"
        return
    if not messages:
        yield "messages: at least one message is required"
    if len(messages) > _MOST_MESSAGES:
        yield f"messages: at most {_MOST_MESSAGES} messages are allowed"
    for index, message in enumerate(messages):
        yield from _message(message, f"messages.{index}", first=index == 0)
    if messages and all(isinstance(m, Mapping) for m in messages):
        yield from _tool_pairs(messages)


def _message(message: Any, path: str, *, first: bool) -> Iterator[str]:
    if not isinstance(message, Mapping):
        yield f"{path}: Input should be a valid dictionary"
        return
    for name in message:
        if name not in ("role", "content"):
            yield f"{path}.{name}: Extra inputs are not permitted"
    role = message.get("role")
    if role not in _ROLES:
        yield f"{path}.role: Input should be 'user' or 'assistant'"
        return
    if first and role != "user":
        yield f"{path}.role: first message must use the user role"
    content = message.get("content")
    if isinstance(content, str):
        if not content and role == "user":
            yield f"{path}.content: user messages must have non-empty content"
    elif not isinstance(content, list):
        yield f"{path}.content: {'Field required' if content is None else 'Input should be a list'}"
    else:
        if not content and role == "user":
            yield f"{path}.content: user messages must have non-empty content"
        for index, block in enumerate(content):
            yield from _block(block, str(role), f"{path}.content.{index}")


def _block(block: Any, role: str, path: str) -> Iterator[str]:
    if not isinstance(block, Mapping):
        yield f"{path}: Input should be a valid dictionary"
        return
    kind = str(block.get("type"))
    known = {"user": _USER_BLOCKS, "assistant": _ASSISTANT_BLOCKS, "system": {"text"}}[role]
    if kind not in known and not kind.endswith(("_tool_result", "_tool_use")):
        yield f"{path}: Input tag '{kind}' found using 'type' is none of the expected tags"
    elif kind == "text":
        yield from _text_block(block, path)
    elif kind in ("image", "document"):
        if not isinstance(block.get("citations") or {}, Mapping):
            yield f"{path}.citations: Input should be a valid dictionary"
        yield from _source(block.get("source"), kind, f"{path}.source")
    elif kind == "tool_use":
        for name in ("id", "name", "input"):
            if name not in block:
                yield f"{path}.{name}: Field required"
    elif kind == "tool_result" and not isinstance(block.get("tool_use_id"), str):
        yield f"{path}.tool_use_id: Field required"


def _text_block(block: Body, path: str) -> Iterator[str]:
    text = block.get("text")
    if not isinstance(text, str):
        yield f"{path}.text: Field required"
    elif not text.strip():
        yield f"{path}: text content blocks must contain non-whitespace text"


def _source(source: Any, kind: str, path: str) -> Iterator[str]:
    if not isinstance(source, Mapping):
        yield f"{path}: Field required"
        return
    types = ("base64", "url", "file") if kind == "image" else ("base64", "url", "file", "text")
    form = source.get("type")
    if form == "content" and kind == "document":
        return
    if form not in types:
        yield f"{path}.type: Input should be one of {', '.join(types)}"
    elif form in ("base64", "text") and not isinstance(source.get("data"), str):
        yield f"{path}.data: Field required"
    elif form == "url" and not str(source.get("url", "")).startswith(("https://", "http://")):
        yield f"{path}.url: Input should be a valid URL"
    elif form == "base64":
        allowed = _IMAGE_TYPES if kind == "image" else {"application/pdf"}
        if str(source.get("media_type")) not in allowed:
            yield f"{path}.media_type: Input should be one of {', '.join(sorted(allowed))}"


def _tool_pairs(messages: list[Mapping[str, Any]]) -> Iterator[str]:
    """Each tool call is answered in the next message, each answer has a call before it."""
    asked: set[str] = set()
    for index, message in enumerate(messages):
        blocks = blocks_of(message.get("content"))
        answered = {str(b.get("tool_use_id")) for b in blocks if b.get("type") == "tool_result"}
        if stray := answered - asked:
            yield (
                f"messages.{index}.content: unexpected tool_use_id in tool_result blocks: "
                f"{', '.join(sorted(stray))}"
            )
        if missing := asked - answered:
            yield (
                f"messages.{index}: tool_use ids without tool_result blocks right after: "
                f"{', '.join(sorted(missing))}"
            )
        asked = {str(b.get("id")) for b in blocks if b.get("type") == "tool_use"}


def _system(body: Body) -> Iterator[str]:
    system = body.get("system")
    if system is None or isinstance(system, str):
        return
    if not isinstance(system, list):
        yield "system: Input should be a valid string or list"
        return
    for index, block in enumerate(system):
        if not isinstance(block, Mapping) or block.get("type") != "text":
            yield f"system.{index}: only text blocks are allowed"
        else:
            yield from _text_block(block, f"system.{index}")


def _tools(body: Body) -> Iterator[str]:
    yield from _typed(body, "tools", list)
    tools = body.get("tools")
    names: set[str] = set()
    for index, tool in enumerate(tools if isinstance(tools, list) else ()):
        path = f"tools.{index}"
        if not isinstance(tool, Mapping):
            yield f"{path}: Input should be a valid dictionary"
            continue
        name = tool.get("name")
        if tool.get("type") in (None, "custom"):
            if not isinstance(name, str) or not _TOOL_NAME.fullmatch(name):
                yield f"{path}.name: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'"
            schema = tool.get("input_schema")
            if not isinstance(schema, Mapping) or schema.get("type") != "object":
                yield f"{path}.input_schema: a schema of type 'object' is required"
        if isinstance(name, str):
            if name in names:
                yield f"tools: Tool names must be unique: {name!r}"
            names.add(name)
    yield from _tool_choice(body.get("tool_choice"), tools, names)


def _tool_choice(choice: Any, tools: Any, names: set[str]) -> Iterator[str]:
    if choice is None:
        return
    if not isinstance(choice, Mapping) or choice.get("type") not in ("auto", "any", "none", "tool"):
        yield "tool_choice.type: Input should be 'auto', 'any', 'none' or 'tool'"
    elif not tools:
        yield "tool_choice: tool_choice may only be specified while providing tools"
    elif choice["type"] == "tool" and choice.get("name") not in names:
        yield f"tool_choice.name: Tool {choice.get('name')!r} not found in provided tools"


def _choices(body: Body) -> Iterator[str]:
    for name, allowed in (
        ("service_tier", ("auto", "standard_only")),
        ("speed", ("standard", "fast")),
        ("inference_geo", ("us", "global")),
    ):
        if body.get(name) is not None and body[name] not in allowed:
            yield f"{name}: Input should be {' or '.join(map(repr, allowed))}"


def _stop_sequences(body: Body) -> Iterator[str]:
    yield from _typed(body, "stop_sequences", list)
    sequences = body.get("stop_sequences")
    for index, text in enumerate(sequences if isinstance(sequences, list) else ()):
        if not isinstance(text, str):
            yield f"stop_sequences.{index}: Input should be a valid string"
        elif not text.strip():
            yield f"stop_sequences.{index}: each stop sequence must contain non-whitespace"


def _objects(body: Body) -> Iterator[str]:
    for name in ("metadata", "output_config", "thinking", "cache_control"):
        yield from _typed(body, name, Mapping)
    yield from _typed(body, "stream", bool)
    metadata = body.get("metadata")
    for name in metadata if isinstance(metadata, Mapping) else ():
        if name != "user_id":
            yield f"metadata.{name}: Extra inputs are not permitted"
    config = body.get("output_config")
    for name in config if isinstance(config, Mapping) else ():
        if name not in ("effort", "format"):
            yield f"output_config.{name}: Extra inputs are not permitted"


_CHECKS: tuple[Callable[[Body], Iterator[str]], ...] = (
    _model,
    _max_tokens,
    _objects,
    _messages,
    _system,
    _tools,
    _choices,
    _stop_sequences,
)
_NOT_WHEN_COUNTING = (_max_tokens, _stop_sequences)
