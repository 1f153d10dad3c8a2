"""What templates of either kind share: includes, their errors, and names that do not exist."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from router.compiler.hints import name_hint
from router.compiler.problems import Problem
from router.errors import UsageError

__all__ = ["Include", "IncludeError", "TemplateError", "too_much", "undefined_name"]

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


def too_much(values: Mapping[str, Any], limit: int) -> str:
    """The message of a text over `limit` characters: the largest input, and what to do."""
    sizes = {name: len(value) for name, value in values.items() if isinstance(value, str)}
    name = max(sizes, key=lambda name: sizes[name], default=None)
    said = f"more than {limit} characters of text"
    if name is None or sizes[name] < limit // 8:  # no single input is to blame
        return f"{said}; bound the inputs by `maxLength` and `maxItems`"
    return f"{said}: `{name}` has {sizes[name]:,}; bound it by a `maxLength` in the input schema"


def undefined_name(name: str, inputs: Collection[str], **place: Any) -> Problem:
    """The problem of a name that no input has."""
    message = f"`{name}` is not an input of this task"
    hint = name_hint(name, inputs, "inputs") or "declare it under `input`"
    return Problem("undefined-variable", message, help=hint, **place)
