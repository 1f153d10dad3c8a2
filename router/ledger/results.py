"""A `Result` as bytes and back, for answers kept under an idempotency key."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from router.errors import LedgerError
from router.types import Result

__all__ = ["decode", "encode"]

_VERSION = 1


def encode(result: Result) -> bytes:
    """A result as JSON, without loss: costs are decimal digits, the output is as it was parsed."""
    plain = msgspec.to_builtins(result)
    # The standard encoder takes what a model's JSON may hold: whole numbers of any size.
    return json.dumps({"version": _VERSION, "result": plain}, separators=(",", ":")).encode()


def decode(data: bytes) -> Result:
    """The result that was encoded.

    Raises:
        LedgerError: the bytes are not a result, or one of a newer release.
    """
    try:
        held: Any = json.loads(data)
        if held["version"] != _VERSION:
            raise LedgerError(f"a kept result of version {held['version']}, upgrade policy-router")
        return msgspec.convert(held["result"], Result)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise LedgerError(f"a kept result cannot be read: {error}"[:300]) from None
