"""Ceilings on what one template or condition may cost: a sandbox is no quota.

Each is far above what a prompt needs and far below what hurts a process. A template that meets
one ends in an error instead of a slow or fat process.
"""

from __future__ import annotations

__all__ = [
    "MAX_CHARS",
    "MAX_CODE",
    "MAX_DEPTH",
    "MAX_INCLUDES",
    "MAX_INCLUDE_DEPTH",
    "MAX_LOOP_NESTING",
    "MAX_NODES",
    "MAX_OUTPUT",
    "MAX_RANGE",
    "MAX_SOURCE",
    "MAX_STEPS",
    "MAX_TAGS",
    "Budget",
    "QuotaExceeded",
]

MAX_OUTPUT = 4 * 1024 * 1024  # characters of rendered text; the API takes 32 MB a request
MAX_CHARS = 64 * 1024 * 1024  # characters read and written by filters and operators, per render
MAX_STEPS = 100_000  # loop rounds and elements handled, per render
MAX_RANGE = 10_000
MAX_SOURCE = 1024 * 1024  # characters of a template with its includes
MAX_TAGS = 5_000  # `{{ }}` and `{% %}` in one text
MAX_CODE = 50_000  # characters within them
MAX_NODES = 20_000  # nodes of a template's syntax tree
MAX_DEPTH = 40  # nesting of expressions and blocks
MAX_LOOP_NESTING = 4
MAX_INCLUDES = 64
MAX_INCLUDE_DEPTH = 8


class QuotaExceeded(Exception):  # says what happened, like the public errors
    """A render met one of the ceilings."""


class Budget:
    """What one render has left."""

    __slots__ = ("chars", "steps")

    def __init__(self) -> None:
        self.chars = MAX_CHARS
        self.steps = MAX_STEPS

    def take_chars(self, count: int) -> None:
        self.chars -= count
        if self.chars < 0:
            raise QuotaExceeded(f"more than {MAX_CHARS} characters handled")

    def take_steps(self, count: int) -> None:
        self.steps -= count
        if self.steps < 0:
            raise QuotaExceeded(f"more than {MAX_STEPS} loop rounds")

    def weigh(self, value: object) -> None:
        """Charge for reading all of `value` once."""
        if isinstance(value, str):
            self.take_chars(len(value))
        elif isinstance(value, list | tuple | dict):
            self.take_steps(len(value))
