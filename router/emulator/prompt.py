"""A request's prompt as the API caches and counts it: blocks in order, each with its tokens.

The order is tools, system, messages. A block's digest covers everything before it, so two
requests share a cached prefix exactly when the digests of its last blocks are equal.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from router.catalog.models import Model
from router.catalog.tokens import estimate_body
from router.emulator.request import blocks_of
from router.emulator.wire import json_bytes

__all__ = ["Prompt", "PromptBlock", "read_prompt", "ttl_of"]

TTL = Literal["5m", "1h"]


@dataclass(frozen=True, slots=True)
class PromptBlock:
    """One block: where it stands, the digest of the prompt up to and with it, its own tokens."""

    where: str  # "tools.0", "system.1", "messages.0.content.2"
    digest: bytes
    tokens: int
    ttl: TTL | None  # set: a breakpoint
    cacheable: bool = True  # thinking blocks cannot carry a breakpoint
    run: str = ""  # "tool_use" or "tool_result", whose runs count as one in a lookup


@dataclass(frozen=True, slots=True)
class Prompt:
    """All blocks, and the tokens that belong to none: those of the output format."""

    blocks: tuple[PromptBlock, ...]
    beside: int

    @property
    def key(self) -> str:
        """The same for the same question."""
        return self.blocks[-1].digest.hex()

    @property
    def tokens(self) -> int:
        return self.beside + sum(block.tokens for block in self.blocks)


def ttl_of(control: Any) -> TTL | None:
    """The lifetime that a `cache_control` asks for; None where there is none."""
    if not isinstance(control, Mapping):
        return None
    return "1h" if control.get("ttl") == "1h" else "5m"


def read_prompt(body: Mapping[str, Any], model: Model) -> Prompt:
    """The prompt of a request that was found to be in order; tokens as `estimate_body` has them.

    Parameters count where a change of them loses the cache (the API's caching page, 2026-10-08):
    speed and the output format before the system prompt, tool_choice, thinking, effort and the
    presence of images before the messages.
    """
    running = hashlib.sha256()
    blocks: list[PromptBlock] = []
    before = "tools"
    for where, section, role, block in _sequence(body):
        if section != before:
            running.update(_section_salt(section, body))
            before = section
        bare = {k: v for k, v in block.items() if k != "cache_control"}
        # Keys stay in the order they were sent in: a client that shuffles them loses the cache.
        running.update(f"\0{section}\0{role}\0".encode() + json_bytes(bare))
        blocks.append(
            PromptBlock(
                where,
                running.digest(),
                _tokens(bare, section, body, model, first=not blocks),
                ttl_of(block.get("cache_control")),
                bare.get("type") not in ("thinking", "redacted_thinking"),
                kind if (kind := str(bare.get("type"))) in ("tool_use", "tool_result") else "",
            )
        )
    beside = estimate_body({"output_config": body.get("output_config")}, model).total
    return Prompt(tuple(_automatic(blocks, ttl_of(body.get("cache_control")))), beside)


def _automatic(blocks: list[PromptBlock], ttl: TTL | None) -> list[PromptBlock]:
    """A `cache_control` of the whole request is a breakpoint on its last cacheable block."""
    if ttl is None:
        return blocks
    for index in range(len(blocks) - 1, -1, -1):
        block = blocks[index]
        if block.cacheable:
            if block.ttl is None:
                marked = replace(block, ttl=ttl)
                return [*blocks[:index], marked, *blocks[index + 1 :]]
            break
    return blocks


def _sequence(body: Mapping[str, Any]) -> Iterator[tuple[str, str, str, Mapping[str, Any]]]:
    for index, tool in enumerate(body.get("tools") or ()):
        yield f"tools.{index}", "tools", "", tool
    for index, block in enumerate(blocks_of(body.get("system"))):
        yield f"system.{index}", "system", "", block
    for number, message in enumerate(body.get("messages") or ()):
        for index, block in enumerate(blocks_of(message.get("content"))):
            yield f"messages.{number}.content.{index}", "messages", message["role"], block


def _section_salt(section: str, body: Mapping[str, Any]) -> bytes:
    config = body.get("output_config") or {}
    salt = {"speed": body.get("speed") or "standard", "format": config.get("format")}
    if section == "messages":
        salt["tool_choice"] = body.get("tool_choice")
        salt["thinking"] = body.get("thinking")
        salt["effort"] = config.get("effort")
        salt["images"] = any(
            block.get("type") == "image"
            for message in body.get("messages") or ()
            for block in blocks_of(message.get("content"))
        )
    return json_bytes(salt)


def _tokens(
    block: Mapping[str, Any], section: str, body: Mapping[str, Any], model: Model, *, first: bool
) -> int:
    if section == "messages":
        return estimate_body({"messages": [{"role": "user", "content": [block]}]}, model).total
    if section == "system":
        return estimate_body({"system": [block]}, model).total
    # The system prompt that the API adds for tools is counted once, with the first of them.
    bare = {"tools": [block], "tool_choice": {"type": "none"}}
    asked = {"tools": [block], "tool_choice": body.get("tool_choice")}
    return estimate_body(asked if first else bare, model).total
