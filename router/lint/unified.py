"""Changes as a unified diff that `patch` and `git apply` take, byte for byte."""

from __future__ import annotations

import difflib

__all__ = ["unified_diff"]

_NO_BREAK = "\n\\ No newline at end of file\n"


def unified_diff(name: str, before: bytes, after: bytes) -> bytes:
    """The diff of one UTF-8 file; empty where nothing differs.

    Only `\\n` ends a line, as for those who apply diffs: a `\\r` before it is text of the line.
    """
    path = name.lstrip("/")
    lines = difflib.unified_diff(_lines(before), _lines(after), f"a/{path}", f"b/{path}")
    return "".join(line if line.endswith("\n") else line + _NO_BREAK for line in lines).encode()


def _lines(data: bytes) -> list[str]:
    *whole, rest = data.decode("utf-8").split("\n")
    return [line + "\n" for line in whole] + ([rest] if rest else [])
