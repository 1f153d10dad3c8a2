"""Inputs as given on the command line."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from router.errors import UsageError

__all__ = ["read_inputs", "read_tags"]


def read_inputs(pairs: list[str], file: str | None) -> dict[str, Any]:
    """Inputs from `--input` pairs over those of a `--json` file.

    `name=text` gives text, `name=@path` a file's text, `name:=json` any JSON value.

    Raises:
        UsageError: a pair or a file that cannot be read as inputs.
    """
    inputs = {} if file is None else _from_file(file)
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name.rstrip(":"):
            raise UsageError(f"--input takes name=text, name=@file or name:=json, not {pair!r}")
        if name.endswith(":"):
            try:
                inputs[name[:-1]] = json.loads(value)
            except ValueError as error:
                raise UsageError(f"--input {name}=…: not JSON: {error}") from None
        elif value.startswith("@"):
            inputs[name] = _text(value[1:])
        else:
            inputs[name] = value
    return inputs


def read_tags(pairs: list[str]) -> dict[str, str]:
    """Tags from `--tag name=value` pairs. Raises UsageError."""
    tags = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise UsageError(f"--tag takes name=value, not {pair!r}")
        tags[name] = value
    return tags


def _from_file(file: str) -> dict[str, Any]:
    text = sys.stdin.read() if file == "-" else _text(file)
    where = "standard input" if file == "-" else file
    try:
        value = json.loads(text)
    except ValueError as error:
        raise UsageError(f"--json {where}: not JSON: {error}") from None
    if not isinstance(value, dict):
        raise UsageError(f"--json {where}: inputs are an object, not {type(value).__name__}")
    return value


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"cannot read {path}: it is not UTF-8 text") from None
