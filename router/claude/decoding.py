"""Content encodings undone within a bound: a kilobyte can be a gigabyte in disguise."""

from __future__ import annotations

import zlib
from collections.abc import Mapping

from router.claude.transport import TransportFault
from router.engine.effects import FaultKind

__all__ = ["BodyDecoder", "decode_whole"]

_STEP = 262_144  # bytes inflated at a time, so that the bound is noticed soon


class BodyDecoder:
    """Decodes a body as its pieces come and stops at `max_bytes` of decoded bytes.

    We ask for no encoding; gzip and deflate are understood because proxies send them anyway.
    """

    def __init__(self, headers: Mapping[str, str], max_bytes: int) -> None:
        """Raises TransportFault for an encoding that nobody asked for."""
        encoding = headers.get("content-encoding", "identity").strip().lower()
        if encoding in ("", "identity"):
            self._inflate = None
        elif encoding in ("gzip", "x-gzip"):
            self._inflate = zlib.decompressobj(zlib.MAX_WBITS | 16)
        elif encoding == "deflate":
            self._inflate = zlib.decompressobj()
        else:
            raise _bad("the answer came in a content encoding that was not asked for")
        self._room = max_bytes
        self._limit = max_bytes

    @property
    def identity(self) -> bool:
        """Whether the bytes are passed on as they come."""
        return self._inflate is None

    def feed(self, piece: bytes) -> list[bytes]:
        """Decoded bytes, in pieces. Raises TransportFault beyond the bound or on garbage."""
        if self._inflate is None:
            return [self._count(piece)] if piece else []
        decoded = []
        try:
            while piece:
                part = self._inflate.decompress(piece, _STEP)
                if part:
                    decoded.append(self._count(part))
                piece = self._inflate.unconsumed_tail
        except zlib.error:
            raise _bad("the answer's compression is broken") from None
        return decoded

    def finish(self) -> None:
        """Say that nothing more comes. Raises TransportFault if something should."""
        if self._inflate is not None and not self._inflate.eof:
            raise TransportFault(
                FaultKind.TRUNCATED_BODY,
                "the answer's compressed body ends in the middle",
                maybe_billed=True,
            )

    def _count(self, part: bytes) -> bytes:
        self._room -= len(part)
        if self._room < 0:
            raise _bad(f"the answer is larger than the limit of {self._limit} bytes")
        return part


def decode_whole(headers: Mapping[str, str], body: bytes, max_bytes: int) -> bytes:
    """A whole body decoded. Raises TransportFault."""
    decoder = BodyDecoder(headers, max_bytes)
    parts = decoder.feed(body)
    decoder.finish()
    return body if decoder.identity else b"".join(parts)


def _bad(message: str) -> TransportFault:
    return TransportFault(FaultKind.BAD_RESPONSE, message, maybe_billed=True)
