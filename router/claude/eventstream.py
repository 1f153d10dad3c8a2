"""Amazon's binary event stream, as Bedrock sends it, turned into server-sent events.

Format: https://docs.aws.amazon.com/AmazonS3/latest/API/RESTSelectObjectAppendix.html (the
encoding is the same for all of Amazon's services): total length, header length and checksum of
these two; headers; payload; checksum of all.
"""

from __future__ import annotations

import base64
import binascii
import struct
from collections.abc import Mapping
from zlib import crc32

import msgspec

from router.claude.transport import TransportFault
from router.engine.effects import FaultKind

__all__ = ["CONTENT_TYPE", "EventStreamDecoder"]

CONTENT_TYPE = "application/vnd.amazon.eventstream"

_PRELUDE = struct.Struct("!III")
_CHECKSUM = struct.Struct("!I")
_STRING_HEADER = 7
_MAX_MESSAGE = 16_777_216
# Bytes of the fixed-size header values, by type; byte arrays and strings tell their own.
_SIZES = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}


class EventStreamDecoder:
    """Feed it bytes as they come; it gives the same events as server-sent events."""

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, piece: bytes) -> bytes:
        """Server-sent events that end within `piece`. Raises TransportFault on garbage."""
        self._buffer += piece
        told = []
        while len(self._buffer) >= _PRELUDE.size:
            total, header_size, checksum = _PRELUDE.unpack_from(self._buffer)
            if crc32(self._buffer[:8]) != checksum or not 16 + header_size <= total <= _MAX_MESSAGE:
                raise _bad()
            if len(self._buffer) < total:
                break
            message, self._buffer = self._buffer[:total], self._buffer[total:]
            if crc32(message[:-4]) != _CHECKSUM.unpack(message[-4:])[0]:
                raise _bad()
            end = _PRELUDE.size + header_size
            told.append(_event(_headers(message[_PRELUDE.size : end]), message[end:-4]))
        return b"".join(told)


def _headers(data: bytes) -> Mapping[str, str]:
    headers = {}
    try:
        while data:
            name_size = data[0]
            name, kind, data = data[1 : 1 + name_size], data[1 + name_size], data[2 + name_size :]
            if kind in _SIZES:
                data = data[_SIZES[kind] :]
                continue
            size = int.from_bytes(data[:2], "big")
            if kind == _STRING_HEADER:
                headers[name.decode()] = data[2 : 2 + size].decode()
            data = data[2 + size :]
    except (IndexError, UnicodeDecodeError):
        raise _bad() from None
    return headers


def _event(headers: Mapping[str, str], payload: bytes) -> bytes:
    kind = headers.get(":message-type")
    try:
        content = msgspec.json.decode(payload) if payload else {}
        if kind == "event":
            if headers.get(":event-type") != "chunk":
                return b""
            data = base64.b64decode(content["bytes"], validate=True)
            name = msgspec.json.decode(data)["type"]
            if not isinstance(name, str):
                raise _bad()
            return b"event: " + name.encode() + b"\ndata: " + _one_line(data) + b"\n\n"
    except (ValueError, TypeError, KeyError, RecursionError, binascii.Error):
        raise _bad() from None
    error_type = headers.get(":exception-type") or headers.get(":error-code") or "api_error"
    message = headers.get(":error-message", "")
    if isinstance(content, dict) and isinstance(content.get("message"), str):
        message = content["message"]
    error = {"type": "error", "error": {"type": error_type, "message": message}}
    return b"event: error\ndata: " + msgspec.json.encode(error) + b"\n\n"


def _one_line(data: bytes) -> bytes:
    """JSON on one line; line breaks in it can only be white space."""
    return data.replace(b"\r", b" ").replace(b"\n", b" ")


def _bad() -> TransportFault:
    return TransportFault(
        FaultKind.BAD_STREAM, "the answer is no proper event stream", maybe_billed=True
    )
