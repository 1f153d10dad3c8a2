"""What a condition is once it has been read: its names, its comparisons, and how to tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

__all__ = ["MISSING", "Comparison", "Evaluate", "Expression"]

MISSING: Any = type("Missing", (), {"__repr__": lambda self: "MISSING"})()
"""An unknown value."""

Evaluate = Callable[[Mapping[str, Any]], Any]


class Comparison(NamedTuple):
    """`output.label == "fraud"` as (("output", "label"), "==", "fraud").

    `operator` is one of == != < <= > >= in not-in; a constant on the left is turned round.
    """

    path: tuple[str, ...]
    operator: str
    value: Any


@dataclass(frozen=True, slots=True)
class Expression:
    """A checked condition; satisfies `router.compiler.model.Condition`."""

    source: str
    names: frozenset[str]
    paths: frozenset[tuple[str, ...]]  # every access by key: output.a.b, longest only
    comparisons: tuple[Comparison, ...]
    _evaluate: Evaluate = field(repr=False, compare=False)

    def holds(self, values: Mapping[str, Any]) -> bool:
        """Whether it holds; unknown and null count as no."""
        result = self._evaluate(values)
        return result is not MISSING and bool(result)
