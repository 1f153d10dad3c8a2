"""A file of policy tests as read: cases, their scripted replies, what is expected of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from router.emulator.replies import Item
from router.policy.nodes import Node
from router.types import Span

__all__ = ["Case", "Labelled", "ScriptedTier", "Suite"]


@dataclass(frozen=True, slots=True)
class ScriptedTier:
    """What one tier answers, in order."""

    task: str
    tier: str
    items: tuple[Item, ...]
    repeats: bool  # the one item is given whenever the tier is asked
    place: Span  # of the tier's name in the case
    own: bool  # of the case itself, so that it must be used; else of the file's defaults


@dataclass(frozen=True, slots=True)
class Case:
    """One run and what is expected of it.

    `expect` is a map with something in it, or None where the case is skipped.
    """

    file: str  # as it is reached from the working directory
    name: str
    node: Node
    task: str
    now: float  # seconds since the epoch
    inputs: Mapping[str, Any] = field(default_factory=dict)
    replies: tuple[ScriptedTier, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    tier: str | None = None
    deadline: float | None = None  # seconds
    expect: Node | None = None
    skip: str | None = None
    root: Path = Path()  # that the files of nodes are relative to
    rows: int = 0  # of the table that the case is a row of; 0: of none

    @property
    def id(self) -> str:
        return f"{self.file}::{self.name}"


@dataclass(frozen=True, slots=True)
class Labelled:
    """Labelled inputs of one task, to be answered by real models, and the gates they must pass."""

    task: str
    cases: tuple[Case, ...]  # without replies
    repeat: int
    gates: Mapping[str, Node]  # a bound by measure


@dataclass(frozen=True, slots=True)
class Suite:
    """One file of tests."""

    file: str
    cases: tuple[Case, ...]
    snapshots: bool = False  # whether the requests are kept and compared
    labelled: Labelled | None = None
