"""Where a word stands in a template: columns, which Jinja's syntax tree does not keep."""

from __future__ import annotations

from collections import defaultdict

import jinja2

__all__ = ["Places"]


class Places:
    """Columns of a text's tokens; built only once something is to be pointed at."""

    def __init__(self, source: str, environment: jinja2.Environment) -> None:
        self._lines = source.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        self._columns: dict[tuple[int, str], list[int]] = defaultdict(list)
        self._given: dict[tuple[str, int, str], int] = defaultdict(int)
        self._read("\n".join(self._lines), environment)

    def find(self, line: int, word: str, rule: str) -> tuple[int, int]:
        """Column and end of `word` on `line`, from 1. Asked again for the same rule, the next.

        Without a word, or where it is not found: the first tag of the line, else the line.
        """
        columns = self._columns.get((line, word))
        if word and columns:
            turn = self._given[rule, line, word]
            self._given[rule, line, word] += 1
            column = columns[min(turn, len(columns) - 1)]
            return column, column + len(word)
        text = self._lines[line - 1] if 0 < line <= len(self._lines) else ""
        starts = [found for found in (text.find("{{"), text.find("{%")) if found >= 0]
        start = text.find(word) if word and word in text else min(starts, default=None)
        if start is None:
            start = len(text) - len(text.lstrip())
            return start + 1, max(len(text.rstrip()), start) + 1
        return start + 1, start + 1 + (len(word) if word and word in text else 2)

    def _read(self, source: str, environment: jinja2.Environment) -> None:
        offset = 0
        line, line_start = 1, 0
        try:
            for _, kind, value in environment.lex(source):
                found = source.find(value, offset)
                if found < 0:
                    return
                line += source.count("\n", offset, found)
                line_start = source.rfind("\n", offset, found) + 1 or line_start
                if kind in ("name", "operator", "string", "integer", "float"):
                    quote = 1 if kind == "string" else 0
                    word = value.strip("'\"") if quote else value
                    self._columns[line, word].append(found - line_start + 1 + quote)
                offset = found + len(value)
                line += value.count("\n")
                line_start = source.rfind("\n", found, offset) + 1 or line_start
        except jinja2.TemplateSyntaxError:
            return  # the tokens up to the fault are known, which is what is asked for
