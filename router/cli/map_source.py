"""Rows of a JSON Lines or CSV file, as inputs of a task.

A bad row is that row's problem alone, unless nobody can say where it ends.
"""

from __future__ import annotations

import csv
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from router.cli.given import LARGEST, json_value
from router.errors import UsageError

__all__ = ["Row", "RowSource", "digest", "in_a_file"]

_DELIMITERS = {".csv": ",", ".tsv": "\t"}


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its inputs, or the problem that kept them from being read."""

    id: int | str
    line: int  # where it ends in the file, from 1
    inputs: Mapping[str, Any]
    problem: str | None = None


@dataclass(slots=True)
class RowSource:
    """The rows of a file, read anew at each `rows()`.

    Args:
        path: `.csv` and `.tsv` are tables with a head line; anything else is JSON Lines.
        inputs: the task's input schema as written; only what it declares is taken.
        fields: where an input's field has another name, input by field.
        id_field: the field that names a row; else rows are numbered from 1.
        limit: only the first so many rows.
    """

    path: Path
    inputs: Mapping[str, Any]
    fields: Mapping[str, str]
    id_field: str | None = None
    limit: int | None = None
    met: set[str] = field(default_factory=set)  # fields that a row has
    ignored: set[str] = field(default_factory=set)  # of these, those that no input takes

    def rows(self) -> Iterator[Row]:
        """Raises UsageError for a file that cannot be read, or a table whose rows have no ends."""
        read = self._table if self.path.suffix.lower() in _DELIMITERS else self._json_lines
        try:
            yield from islice(read(), self.limit)
        except OSError as error:
            raise UsageError(f"cannot read {self.path}: {error.strerror}") from None

    def survey(self, task: str) -> dict[str, str]:
        """The digest of each row's inputs by its id, for the whole file.

        Raises:
            UsageError: as `rows`; two rows with one id; no row has the field that is to name it.
        """
        digests: dict[str, str] = {}
        lines: dict[str, int] = {}
        for row in self.rows():
            name = str(row.id)
            if name in lines:
                raise UsageError(
                    f"{self.path}: lines {lines[name]} and {row.line} have one id, {row.id!r}; "
                    "results could not be told apart"
                )
            lines[name] = row.line
            digests[name] = digest(task, row.inputs)
        if self.id_field is not None and self.met and self.id_field not in self.met:
            fields = ", ".join(sorted(self.met)[:20])
            raise UsageError(
                f"{self.path}: no row has the field {self.id_field!r} of --id; there are: {fields}"
            )
        return digests

    def _json_lines(self) -> Iterator[Row]:
        number = 0
        with self.path.open("rb") as file:
            for line, raw in enumerate(_lines(file), 1):
                if raw is None:
                    number += 1
                    yield self._unread(number, line, f"more than {LARGEST:,} bytes")
                    continue
                if line == 1:
                    raw = raw.removeprefix(b"\xef\xbb\xbf")
                if not raw.strip():
                    continue
                number += 1
                try:
                    record = json_value(raw.decode("utf-8"))
                except UnicodeDecodeError:
                    yield self._unread(number, line, "not UTF-8 text")
                except (ValueError, RecursionError) as error:
                    yield self._unread(number, line, f"not JSON: {error}")
                else:
                    if isinstance(record, dict):
                        yield self._row(number, line, record, table=False)
                    else:
                        yield self._unread(number, line, "not an object of inputs by name")

    def _table(self) -> Iterator[Row]:
        csv.field_size_limit(LARGEST)
        # Bytes that are no UTF-8 become lone surrogates, which only spoil their own row.
        with self.path.open(newline="", encoding="utf-8-sig", errors="surrogateescape") as file:
            delimiter = _DELIMITERS[self.path.suffix.lower()]
            # Without `strict` a quote that is not closed takes the rest of the file into its cell.
            reader = csv.reader(file, delimiter=delimiter, strict=True)
            head = self._head(reader)
            number = 0
            while (cells := self._cells(reader)) is not None:
                if not cells:
                    continue
                number += 1
                line = reader.line_num
                if len(cells) > len(head):
                    problem = f"{len(cells)} cells under {len(head)} columns"
                    yield self._unread(number, line, problem)
                elif any("\udc80" <= char <= "\udcff" for cell in cells for char in cell):
                    yield self._unread(number, line, "not UTF-8 text")
                else:
                    yield self._row(number, line, dict(zip(head, cells, strict=False)), table=True)

    def _cells(self, reader: Any) -> list[str] | None:
        """The next row's; None at the end. What follows a broken row could be cells or rows."""
        begun = reader.line_num + 1
        try:
            cells: list[str] | None = next(reader, None)
        except csv.Error as error:
            raise UsageError(
                f"{self.path}:{begun}: the row that begins here is not CSV: {error}; is a quote "
                'not closed, or not doubled inside quotes ("")?'
            ) from None
        return cells

    def _head(self, reader: Any) -> list[str]:
        head = [name.strip() for name in self._cells(reader) or ()]
        if not head:
            raise UsageError(f"{self.path}: no head line with the names of the columns")
        if len(set(head)) < len(head):
            twice = sorted({name for name in head if head.count(name) > 1})
            raise UsageError(f"{self.path}: columns of one name: {', '.join(twice)}")
        for name in filter(None, (self.id_field, *self.fields.values())):
            if name not in head:
                raise UsageError(
                    f"{self.path}: no column {name!r}; there are: {', '.join(head[:20])}"
                )
        return head

    def _row(self, number: int, line: int, record: Mapping[str, Any], *, table: bool) -> Row:
        self.met.update(record)
        row_id: Any = number
        if self.id_field is not None:
            row_id = record.get(self.id_field)
            if not isinstance(row_id, str | int) or isinstance(row_id, bool) or row_id == "":
                return self._unread(number, line, f"{self.id_field!r} names no row: {row_id!r}")
        names = {name: self.fields.get(name, name) for name in self.inputs.get("properties", {})}
        taken = {name: record[column] for name, column in names.items() if column in record}
        self.ignored.update(record.keys() - names.values() - {self.id_field})
        if table:
            taken = self._typed(taken)
        return Row(row_id, line, taken)

    def _typed(self, cells: Mapping[str, str]) -> dict[str, Any]:
        """Cells are text; an input that is not gets the cell's JSON value. Empty: not given."""
        required = self.inputs.get("required", ())
        typed: dict[str, Any] = {}
        for name, cell in cells.items():
            textual = _takes_text(self.inputs["properties"][name])
            if cell == "" and not (textual and name in required):
                continue
            typed[name] = cell if textual else _value(cell)
        return typed

    def _unread(self, number: int, line: int, problem: str) -> Row:
        row_id = number if self.id_field is None else f"line {line}"
        return Row(row_id, line, {}, f"line {line}: {problem}")


@contextmanager
def in_a_file(path: Path) -> Iterator[Path]:
    """A file whose rows can be read twice: `path`, or for `-` a copy of standard input.

    Raises:
        UsageError: `path` is a pipe or a device; standard input cannot be kept.
    """
    if str(path) != "-":
        if path.exists() and not path.is_file() and not path.is_dir():
            raise UsageError(
                f"{path} can be read only once, and rows are read twice: give a file, or - for "
                "JSON Lines on standard input"
            )
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="router-map-") as folder:
        copy = Path(folder) / "standard-input.jsonl"
        try:
            with copy.open("wb") as file:
                shutil.copyfileobj(sys.stdin.buffer, file)
        except OSError as error:
            raise UsageError(f"cannot keep standard input: {error.strerror}") from None
        yield copy


def digest(*parts: Any) -> str:
    """Tells one task and row of inputs from another."""
    text = json.dumps(parts, sort_keys=True)
    return blake2b(text.encode(), digest_size=8).hexdigest()


def _lines(file: BinaryIO) -> Iterator[bytes | None]:
    """Lines; None for one that is longer than a request may be, of which no more is kept."""
    while line := file.readline(LARGEST + 1):
        if len(line) <= LARGEST:
            yield line
            continue
        while line and not line.endswith(b"\n"):
            line = file.readline(LARGEST)
        yield None


def _takes_text(schema: Any) -> bool:
    if not isinstance(schema, Mapping):
        return True
    kind = schema.get("type")
    if kind is None:
        members = schema.get("enum")
        return members is None or any(isinstance(member, str) for member in members)
    return "string" in (kind if isinstance(kind, list) else [kind])


def _value(cell: str) -> Any:
    try:
        return json_value(cell)
    except (ValueError, RecursionError):
        return cell  # the input schema has the word for it
