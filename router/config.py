"""The project's configuration: `router.toml`, or `[tool.router]` in `pyproject.toml`.

One table for each command that has settings; who owns a table reads it by asking for its keys.
What nobody asked for is an error, so that a typing mistake does not become a default.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple, NoReturn

from router.errors import SettingsError
from router.policy.offsets import split_lines
from router.policy.suggest import did_you_mean

__all__ = ["SECTIONS", "Config", "Table", "find_config", "read_config"]

SECTIONS: Final = ("lint", "test")
"""The tables there are."""

_OWN = "router.toml"
_SHARED = "pyproject.toml"
_IN_SHARED = ("tool", "router")
_MAY_HAVE = re.compile(r"""^\s*\[?\s*["']?tool["']?\s*(?:\.\s*["']?router\b|[\]=])""", re.MULTILINE)


class Config(NamedTuple):
    """What a configuration file holds. Without a file every table is empty.

    `directory` is where the file lies; paths and globs in it are taken from there.
    """

    directory: Path
    file: Path | None = None
    text: str = ""
    path: tuple[str, ...] = ()  # of the table that holds `values`
    values: Mapping[str, Any] = MappingProxyType({})

    def table(self, name: str) -> Table:
        """One of `SECTIONS`, empty where the file has none.

        Raises:
            SettingsError: it is not a table, or the file has others than `SECTIONS`.
        """
        whole = Table(str(self.file), self.text, self.path, self.values)
        for section in SECTIONS:
            whole.table(section)
        whole.close()
        return whole.table(name)


def find_config(start: Path) -> Config:
    """The configuration that is in force in a directory: the nearest file upward.

    In one directory `router.toml` goes before `pyproject.toml`, which counts only where it has
    `[tool.router]`.

    Raises:
        SettingsError: the file cannot be read or is not TOML; file:line:column is in the message.
    """
    for directory in (start, *start.parents):
        for name in (_OWN, _SHARED):
            file = directory / name
            # No file either where one may not look: that folder is not the project's.
            text = _text(file) if os.path.isfile(file) else None  # noqa: PTH113
            # Most files of other tools can be told from their text, which spares reading them.
            if text is not None and (name == _OWN or _MAY_HAVE.search(text)):
                config = _parsed(file, text)
                if config is not None:
                    return config
    return Config(start)


def read_config(file: Path) -> Config:
    """A file that was named, of either kind.

    Raises:
        SettingsError: as `find_config`; and where a `pyproject.toml` has no `[tool.router]`.
    """
    config = _parsed(file, _text(file))
    if config is None:
        raise SettingsError(f"{file} has no table [tool.router]")
    return config


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"cannot read {file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SettingsError(f"cannot read {file}: it is not UTF-8 text") from None


def _parsed(file: Path, text: str) -> Config | None:
    import tomllib  # only projects that have a configuration pay for it

    try:
        values: Any = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(_syntax(file, str(error))) from None
    except RecursionError:
        raise SettingsError(f"{file}: not TOML: nested too deep") from None
    path = _IN_SHARED if file.name == _SHARED else ()
    for step in path:
        values = values.get(step) if isinstance(values, dict) else None
    if values is None:
        return None
    if not isinstance(values, dict):
        raise SettingsError(f"{file}: tool.router is a table")
    return Config(file.parent, file, text, path, values)


def _syntax(file: Path, said: str) -> str:
    """`tomllib` has the place in its words only."""
    found = re.search(r" \(at (?:line (\d+), column (\d+)|end of document)\)$", said)
    if found is None or found[1] is None:
        return f"{file}: not TOML: {said}"
    return f"{file}:{found[1]}:{found[2]}: not TOML: {said[: found.start()]}"


class Table:
    """One table of a configuration file: every key is asked for by name and kind.

    All methods raise SettingsError for a value of another kind, with file:line:column. `close`
    ends the reading; it refuses keys that were not asked for.
    """

    def __init__(
        self, file: str, text: str, path: tuple[str, ...], values: Mapping[str, Any]
    ) -> None:
        self._file = file
        self._text = text
        self._path = path
        self._values = values
        self._asked: list[str] = []

    def text(self, key: str, choices: Iterable[str] = ()) -> str | None:
        """A text, of `choices` if there are any; None where the key is absent."""
        value = self._get(key)
        known = list(choices)
        if value is None:
            return None
        if not isinstance(value, str) or not value:
            self.refuse(key, f"`{key}` is a text")
        if known and value not in known:
            hint = did_you_mean(value, known) or f"it may be {', '.join(known)}"
            self.refuse(key, f"`{key}` cannot be {value!r}; {hint}")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts; none where the key is absent."""
        value = self._get(key)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
            self.refuse(key, f"`{key}` is a list of texts")
        return tuple(value)

    def integer(self, key: str, least: int, most: int) -> int | None:
        """A whole number between two bounds, both allowed; None where the key is absent."""
        value = self._get(key)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            self.refuse(key, f"`{key}` is a whole number from {least} to {most}")
        return value

    def table(self, key: str) -> Table:
        """A table inside this one, empty where the key is absent."""
        value = self._get(key)
        if value is not None and not isinstance(value, dict):
            self.refuse(key, f"`{key}` is a table")
        return Table(self._file, self._text, (*self._path, key), value or {})

    def __iter__(self) -> Iterator[str]:
        """The keys that are there, for tables whose keys are free."""
        return iter(self._values)

    def close(self) -> None:
        """Nothing more will be asked for: other keys are mistakes."""
        for key in self._values:
            if key not in self._asked:
                hint = did_you_mean(key, self._asked) or f"known: {', '.join(self._asked)}"
                self.refuse(key, f"unknown key `{key}`; {hint}")

    def refuse(self, key: str, message: str) -> NoReturn:
        """Raises SettingsError for a key of this table, with its place."""
        line, column = _place(self._text, (*self._path, key))
        raise SettingsError(f"{self._file}:{line}:{column}: {message}")

    def _get(self, key: str) -> Any:
        if key not in self._asked:
            self._asked.append(key)
        return self._values.get(key)


_PART = r"""(?:[\w-]+|"[^"]*"|'[^']*')"""
_DOTTED = rf"{_PART}(?:\s*\.\s*{_PART})*"
_HEADER = rf"\s*\[\[?\s*({_DOTTED})\s*\]"
_KEY = rf"\s*({_DOTTED})\s*="


def _place(text: str, path: tuple[str, ...]) -> tuple[int, int]:
    """Line and column of a key, from 1: `tomllib` keeps no places.

    The nearest that is written: the table, or the line that an inline table is on.
    """
    best, found = -1, (1, 1)
    table: tuple[str, ...] = ()
    for number, line in enumerate(split_lines(text), start=1):
        header = re.match(_HEADER, line)
        key = None if header else re.match(_KEY, line)
        match = header or key
        if match is None:
            continue
        steps = tuple(part.strip("\"'") for part in re.findall(_PART, match[1]))
        if header:
            table = steps
        else:
            steps = (*table, *steps)
        if len(steps) > best and path[: len(steps)] == steps:
            best, found = len(steps), (number, match.start(1) + 1)
    return found
