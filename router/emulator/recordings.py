"""Recorded exchanges: JSON Lines, one reply a line, found again by a key of the request.

A line is `{"key": …, "reply": …}` and may name a `model`. A reply is a whole message as the API
sent it, or a reply as `parse_item` reads it. Keys are request digests, or what `by_tag` and the
like find in the input.
"""

from __future__ import annotations

import json
import re
import threading
from codecs import BOM_UTF8
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from router.emulator.replies import Answer, Item
from router.emulator.request import MessageRequest, request_digest
from router.emulator.spec import parse_item
from router.engine.strict_json import parse_json_line

__all__ = ["Recordings", "by_digest", "by_tag", "recording_line"]

KeyOf = Callable[[MessageRequest], str | None]


def by_digest(request: MessageRequest) -> str | None:
    """The digest of the whole request: the recording holds for exactly this one."""
    return request.digest


def by_tag(name: str) -> KeyOf:
    """The text between `<name>` and `</name>`, in the last user turn or else the system text."""
    pattern = re.compile(rf"<{re.escape(name)}>\s*(.*?)\s*</{re.escape(name)}>", re.DOTALL)

    def key(request: MessageRequest) -> str | None:
        found = pattern.search(request.text) or pattern.search(request.system)
        return found.group(1) if found else None

    return key


class Recordings:
    """Replies by key, and by model where the recording names one.

    Of several replies with one key and model the last one holds. With `once` they are given in
    their order, and none of them twice: requests that are repeated to see how answers vary must
    not be served from one reply.
    """

    def __init__(
        self, lines: Iterable[Mapping[str, Any]], *, key: KeyOf = by_digest, once: bool = False
    ) -> None:
        """Raises ValueError for a line that is no recording."""
        self._key = key
        self._once = once
        self._lock = threading.Lock()
        self._replies: dict[tuple[str, str | None], deque[Item]] = {}
        for number, line in enumerate(lines, 1):
            try:
                self._add(line)
            except ValueError as error:
                raise ValueError(f"recording {number}: {error}") from None

    @classmethod
    def load(
        cls, path: str | PathLike[str], *, key: KeyOf = by_digest, once: bool = False
    ) -> Recordings:
        """Reads a JSON Lines file; empty lines are skipped.

        Raises:
            ValueError: a line that is no recording; it is named.
            OSError: the file cannot be read.
        """
        found = cls((), key=key, once=once)
        data = Path(path).read_bytes().removeprefix(BOM_UTF8)
        for number, text in enumerate(data.split(b"\n"), 1):
            if text.strip():
                try:
                    found._add(parse_json_line(text))
                except ValueError as error:
                    raise ValueError(f"{path}:{number}: {error}") from None
        return found

    def __len__(self) -> int:
        """How many replies are left to give."""
        return sum(map(len, self._replies.values()))

    def _add(self, line: Any) -> None:
        if not isinstance(line, Mapping) or "key" not in line or "reply" not in line:
            raise ValueError("needs `key` and `reply`")
        key, model = line["key"], line.get("model")
        if not isinstance(key, str) or not isinstance(model, str | None):
            raise ValueError("`key` and `model` are texts")
        replies = self._replies.setdefault((key, model), deque(maxlen=None if self._once else 1))
        replies.append(_recorded(line["reply"]))

    def reply_to(self, request: MessageRequest) -> Item | None:
        """What was recorded for the request, or None."""
        key = self._key(request)
        if key is None:
            return None
        for model in dict.fromkeys((request.model, request.body.get("model"), None)):
            with self._lock:
                if found := self._replies.get((key, model)):
                    return found.popleft() if self._once else found[0]
        return None


def recording_line(request: Mapping[str, Any], reply: Mapping[str, Any]) -> str:
    """One line of a recording: the request's body and the message the API answered with."""
    line = {"key": request_digest(request), "model": request.get("model"), "reply": dict(reply)}
    return json.dumps(line, ensure_ascii=False) + "\n"


def _recorded(value: Any) -> Item:
    if isinstance(value, Mapping) and value.get("type") == "message":
        content, usage = value.get("content") or (), value.get("usage") or {}
        if not isinstance(content, Sequence) or not all(isinstance(b, Mapping) for b in content):
            raise ValueError("the message's `content` is a list of blocks")
        if not isinstance(usage, Mapping):
            raise ValueError("the message's `usage` is a map")
        return Answer(
            content=tuple(content),
            stop_reason=value.get("stop_reason"),
            stop_details=value.get("stop_details"),
            usage=dict(usage),
            model=value.get("model"),
        )
    return parse_item(value)[0]
