"""A Messages request as scripts and matchers see it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

__all__ = ["TASK_HEADER", "TIER_HEADER", "MessageRequest", "blocks_of", "request_digest"]

TASK_HEADER = "x-router-task"
TIER_HEADER = "x-router-tier"
"""Hints that the router gives the emulator's transport, and no other: which task and tier a
request is for. Nothing on the API's wire says so."""


@dataclass(frozen=True)
class MessageRequest:
    """One request to `/v1/messages` that the API would accept.

    `number` counts the accepted requests of this emulator from 1. `task` and `tier` are known
    when the request came from a router, and None when it came from an SDK.
    """

    body: Mapping[str, Any]
    headers: Mapping[str, str]
    model: str  # the pinned id, aliases resolved
    number: int

    @property
    def task(self) -> str | None:
        """The task that is run, where the router sent the request."""
        return self.headers.get(TASK_HEADER)

    @property
    def tier(self) -> str | None:
        """The tier that is asked, where the router sent the request."""
        return self.headers.get(TIER_HEADER)

    @cached_property
    def system(self) -> str:
        """All system text."""
        return "\n".join(_texts(self.body.get("system") or ()))

    @cached_property
    def text(self) -> str:
        """The text of the last user turn."""
        turns = [m for m in self.body["messages"] if m.get("role") == "user"]
        return "\n".join(_texts(turns[-1]["content"])) if turns else ""

    @cached_property
    def conversation(self) -> str:
        """The text of all turns."""
        return "\n".join(text for m in self.body["messages"] for text in _texts(m["content"]))

    @property
    def schema(self) -> Mapping[str, Any] | None:
        """The schema of the structured output that is asked for."""
        wanted = (self.body.get("output_config") or {}).get("format") or {}
        schema = wanted.get("schema")
        return schema if isinstance(schema, Mapping) else None

    @property
    def fields(self) -> frozenset[str]:
        """The property names at the top of the output schema."""
        return frozenset((self.schema or {}).get("properties") or ())

    @property
    def tools(self) -> tuple[Mapping[str, Any], ...]:
        """The tools that are offered."""
        return tuple(self.body.get("tools") or ())

    @cached_property
    def digest(self) -> str:
        """The key of this request in a recording."""
        return request_digest(self.body)


def request_digest(body: Mapping[str, Any]) -> str:
    """Digest of what decides the answer: the body without `stream` and `metadata`.

    The order of keys does not count, so recordings survive a change of client.
    """
    kept = {k: v for k, v in body.items() if k not in ("stream", "metadata")}
    text = json.dumps(kept, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def blocks_of(content: Any) -> Sequence[Mapping[str, Any]]:
    """Content as blocks: a string is shorthand for one text block."""
    if isinstance(content, str):
        return ({"type": "text", "text": content},)
    return tuple(block for block in content or () if isinstance(block, Mapping))


def _texts(content: Any) -> Iterator[str]:
    for block in blocks_of(content):
        if block.get("type") == "text":
            yield str(block.get("text", ""))
        elif block.get("type") == "document":
            source = block.get("source") or {}
            if source.get("type") == "text":
                yield str(source.get("data", ""))
        elif block.get("type") == "tool_result":
            yield from _texts(block.get("content"))
