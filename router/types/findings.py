"""What a check says: a finding, its place, and the edits that mend it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Edit", "Finding", "Fix", "Severity", "Span"]


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A place in a policy file; lines and columns count from 1, the end is exclusive."""

    file: str  # relative to the policy root
    line: int
    column: int
    end_line: int
    end_column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Edit:
    """Text in place of a span: an empty span inserts, an empty text deletes.

    Columns count characters of the decoded text, without a byte order mark.
    """

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Fix:
    """A way to mend a finding, as edits of text: comments and layout around them stay."""

    message: str  # what it does, in the imperative: "rename the key to `max_tokens`"
    edits: tuple[Edit, ...]  # none overlaps another
    safe: bool = True  # False: it may change what a policy does, so somebody has to look at it


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a check has to say about a policy; prints like a compiler's message."""

    rule: str
    severity: Severity
    message: str
    span: Span
    help: str | None = None
    source_line: str | None = None  # the line that `span` begins on, for the caret
    notes: tuple[str, ...] = ()
    fix: Fix | None = None

    def __str__(self) -> str:
        return f"{self.span}: {self.severity}[{self.rule}] {self.message}"
