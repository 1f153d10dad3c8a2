"""The base protocol of language servers: JSON-RPC messages, each behind its length."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, BinaryIO, Final

__all__ = [
    *("INTERNAL", "INVALID", "NOT_INITIALIZED", "PARSE", "UNKNOWN_METHOD"),
    *("Garbled", "Refused", "Wire"),
]

PARSE, INVALID, UNKNOWN_METHOD, INTERNAL = -32700, -32600, -32601, -32603
NOT_INITIALIZED = -32002

_MAX_BYTES: Final = 64 << 20  # of one message; the largest policy file is far below it
_MAX_HEADER: Final = 4096


class Garbled(Exception):
    """A message that cannot be read. `fatal`: nor can any that come after it."""

    def __init__(self, problem: str, *, fatal: bool = False) -> None:
        super().__init__(problem)
        self.fatal = fatal


class Refused(Exception):
    """A request that gets an error for an answer; `code` is one of JSON-RPC's."""

    def __init__(self, code: int, why: str) -> None:
        super().__init__(why)
        self.code = code


class Wire:
    """Two streams of bytes as messages. One thread may read while another writes."""

    def __init__(self, incoming: BinaryIO, outgoing: BinaryIO) -> None:
        self._incoming = incoming
        self._outgoing = outgoing

    def read(self) -> Mapping[str, Any] | None:
        """The next message; None when the other side has hung up.

        Raises:
            Garbled: it is no message.
        """
        length = self._length()
        if length is None:
            return None
        body = self._incoming.read(length)
        if len(body) < length:
            return None
        try:
            message = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise Garbled(f"not JSON: {error}") from None
        if not isinstance(message, dict):
            raise Garbled("a message is an object")
        return message

    def _length(self) -> int | None:
        length: int | None = None
        while line := self._incoming.readline(_MAX_HEADER):
            if line in (b"\r\n", b"\n"):
                if length is None:
                    raise Garbled("a message without Content-Length", fatal=True)
                return length
            name, colon, value = line.partition(b":")
            if not colon:
                raise Garbled(f"not a header: {line[:40]!r}", fatal=True)
            if name.strip().lower() == b"content-length":
                if not value.strip().isdigit() or int(value) > _MAX_BYTES:
                    raise Garbled(f"not a length: {value[:40]!r}", fatal=True)
                length = int(value)
        return None

    def send(self, **message: Any) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}, ensure_ascii=False).encode(
            "utf-8", "replace"
        )
        self._outgoing.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self._outgoing.flush()

    def notify(self, method: str, params: Mapping[str, Any]) -> None:
        self.send(method=method, params=params)

    def refuse(self, id: Any, code: int, why: str) -> None:  # noqa: A002 - the protocol's name
        self.send(id=id, error={"code": code, "message": why})
