"""Rows of a JSON Lines or CSV file, as inputs of a task. A bad row is that row's problem alone."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Any

from router.errors import UsageError

__all__ = ["Row", "RowSource", "digest"]

_DELIMITERS = {".csv": ",", ".tsv": "\t"}
_LARGEST_CELL = 32 * 1024 * 1024  # as large as a request may be


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
    ignored: set[str] = field(default_factory=set)  # fields that were met and that no input takes

    def rows(self) -> Iterator[Row]:
        """Raises UsageError for a file that cannot be read, or a table without a usable head."""
        read = self._table if self.path.suffix.lower() in _DELIMITERS else self._json_lines
        try:
            yield from islice(read(), self.limit)
        except OSError as error:
            raise UsageError(f"cannot read {self.path}: {error.strerror}") from None

    def survey(self, task: str) -> dict[str, str]:
        """The digest of each row's inputs by its id, for the whole file.

        Raises:
            UsageError: as `rows`; two rows with one id.
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
        return digests

    def _json_lines(self) -> Iterator[Row]:
        number = 0
        with self.path.open("rb") as file:
            for line, raw in enumerate(file, 1):
                if line == 1:
                    raw = raw.removeprefix(b"\xef\xbb\xbf")
                if not raw.strip():
                    continue
                number += 1
                try:
                    record = json.loads(raw.decode("utf-8"))
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
        csv.field_size_limit(_LARGEST_CELL)
        # Bytes that are no UTF-8 become lone surrogates, which only spoil their own row.
        with self.path.open(newline="", encoding="utf-8-sig", errors="surrogateescape") as file:
            reader = csv.reader(file, delimiter=_DELIMITERS[self.path.suffix.lower()])
            head = self._head(reader)
            number = 0
            while True:
                try:
                    cells = next(reader)
                except StopIteration:
                    return
                except csv.Error as error:
                    number += 1
                    yield self._unread(number, reader.line_num, f"not CSV: {error}")
                    continue
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

    def _head(self, reader: Any) -> list[str]:
        try:
            head = [name.strip() for name in next(reader)]
        except (StopIteration, csv.Error):
            raise UsageError(f"{self.path}: no head line with the names of the columns") from None
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


def digest(*parts: Any) -> str:
    """Tells one task and row of inputs from another."""
    text = json.dumps(parts, sort_keys=True)
    return blake2b(text.encode(), digest_size=8).hexdigest()


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
        return json.loads(cell)
    except ValueError:
        return cell  # the input schema has the word for it
