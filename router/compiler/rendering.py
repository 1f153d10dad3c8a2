"""What templates of either kind share: includes, their errors, and names that do not exist."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from router.compiler.hints import name_hint
from router.compiler.problems import Problem
from router.errors import UsageError

__all__ = ["Include", "IncludeError", "TemplateError", "undefined_name"]

Include = Callable[[str, str | None], tuple[str, str]]
"""From a path as written and the file it is written in to the file's name and text."""


class IncludeError(Exception):
    """An included file that cannot be given; `rule` is the finding's rule."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule


class TemplateError(UsageError):
    """A template that cannot be rendered with the values at hand; nothing was sent."""

    def __init__(self, message: str, file: str | None = None, line: int | None = None) -> None:
        super().__init__(message)
        self.file = file
        self.line = line


def undefined_name(name: str, inputs: Collection[str], **place: Any) -> Problem:
    """The problem of a name that no input has."""
    message = f"`{name}` is not an input of this task"
    hint = name_hint(name, inputs, "inputs") or "declare it under `input`"
    return Problem("undefined-variable", message, help=hint, **place)
