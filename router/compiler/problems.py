"""What is wrong with a template or condition, by place within its own text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["Problem", "Refused"]


class Problem(NamedTuple):
    """Line and columns count from 1 within the text, the end exclusive.

    `file` names an included file; None is the text that was compiled.
    """

    rule: str
    message: str
    line: int
    column: int
    end_column: int
    help: str | None = None
    file: str | None = None


class Refused(Exception):  # says what happened, like the public errors
    """A template or condition that cannot be used; `problems` says why, in order of place."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(p.message for p in problems))
        self.problems = tuple(problems)
