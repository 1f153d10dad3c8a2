"""Inputs as given on the command line."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from router.errors import UsageError

__all__ = ["LARGEST", "json_value", "read_inputs", "read_pairs"]

LARGEST = 32 << 20
"""Bytes of one file or row of inputs: the largest request that the API takes has as many."""

_MOST_VALUES = 2_000_000  # of one JSON text; in Python's memory each takes up to 200 bytes


def read_inputs(pairs: list[str], file: str | None) -> dict[str, Any]:
    """Inputs from `--input` pairs over those of a `--json` file.

    `name=text` gives text, `name=@path` a file's text, `name:=json` any JSON value.

    Raises:
        UsageError: a pair or a file that cannot be read as inputs; a name that is given twice.
    """
    inputs = {} if file is None else _from_file(file)
    seen: set[str] = set()
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name.rstrip(":"):
            raise UsageError(f"--input takes name=text, name=@file or name:=json, not {pair!r}")
        bare = name.removesuffix(":")
        if bare in seen:
            raise UsageError(f"--input {bare}=… is given twice")
        seen.add(bare)
        if name.endswith(":"):
            try:
                inputs[bare] = json_value(value)
            except (ValueError, RecursionError) as error:
                raise UsageError(f"--input {name}=…: not JSON: {error}") from None
        elif value.startswith("@"):
            inputs[name] = _text(value[1:])
        else:
            inputs[name] = value
    return inputs


def read_pairs(pairs: list[str] | None, option: str, form: str = "name=value") -> dict[str, str]:
    """What an option's pairs say, by name.

    Args:
        option: as it is typed, for messages; so is `form`.

    Raises:
        UsageError: a pair without a name or without `=`; a name that is given twice.
    """
    read: dict[str, str] = {}
    for pair in pairs or ():
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise UsageError(f"{option} takes {form}, not {pair!r}")
        if name in read:
            raise UsageError(f"{option} {name}=… is given twice")
        read[name] = value
    return read


def json_value(text: str) -> Any:
    """What `text` is in JSON. Raises ValueError, for a name twice in one object too."""
    if len(text) > _MOST_VALUES and sum(map(text.count, "[{,")) > _MOST_VALUES:
        raise ValueError(f"more than {_MOST_VALUES:,} values")
    return json.loads(text, object_pairs_hook=_once)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the name {twice[:40]!r} stands twice in one object")
    return value


def _from_file(file: str) -> dict[str, Any]:
    where = "standard input" if file == "-" else file
    text = _decoded(sys.stdin.buffer.read(LARGEST + 1), where) if file == "-" else _text(file)
    try:
        value = json_value(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"--json {where}: not JSON: {error}") from None
    if not isinstance(value, dict):
        raise UsageError(f"--json {where}: inputs are an object, not {type(value).__name__}")
    return value


def _text(path: str) -> str:
    try:
        with Path(path).open("rb") as file:
            return _decoded(file.read(LARGEST + 1), path)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None
    except ValueError as error:  # a NUL in the path
        raise UsageError(f"cannot read {path}: {error}") from None


def _decoded(data: bytes, where: str) -> str:
    if len(data) > LARGEST:
        raise UsageError(f"cannot read {where}: more than {LARGEST:,} bytes")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise UsageError(f"cannot read {where}: it is not UTF-8 text") from None
