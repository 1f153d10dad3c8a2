"""What a walk over a template finds, and what it knows at each place."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

__all__ = ["NONE", "Inspection", "Note", "Scope", "Sources"]

Sources = frozenset[str]
"""The inputs whose text flows into a value."""

NONE: Sources = frozenset()


class Note(NamedTuple):
    """A refusal before its column is looked up: `word` is what to look for on the line."""

    rule: str
    message: str
    line: int
    word: str
    help: str | None = None


@dataclass(slots=True)
class Inspection:
    """What one walk found. `uses` holds each free name with the line of each use."""

    uses: list[tuple[str, int]] = field(default_factory=list)
    untagged: set[str] = field(default_factory=set)
    unguarded: set[str] = field(default_factory=set)
    notes: list[Note] = field(default_factory=list)
    paths: set[tuple[str, ...]] = field(default_factory=set)

    @property
    def names(self) -> frozenset[str]:
        return frozenset(name for name, _ in self.uses)


@dataclass(slots=True)
class Scope:
    """Names bound here with the inputs that flow into them; inputs known to be defined here.

    `maybe` are names bound in some branches only: after those they may mean an input, or nothing.
    """

    bound: dict[str, Sources] = field(default_factory=dict)
    defined: Sources = NONE
    maybe: set[str] = field(default_factory=set)

    def inner(self, defined: Sources = NONE) -> Scope:
        return Scope(dict(self.bound), self.defined | defined, set(self.maybe))
