"""alias-bomb: aliases stand for more values than a policy may have, or for themselves."""

from __future__ import annotations

from router.rules.base import Rule
from router.types import Severity

__all__ = ["RULE"]

RULE = Rule(
    name="alias-bomb",
    severity=Severity.ERROR,
    summary="Aliases stand for more values than a policy may have, or for themselves.",
    avoid="a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]   # and so on",
    prefer="extends: _base",
    why="A few hundred bytes of aliases can stand for gigabytes.",
    configure="At most 32 aliases a file. Use `extends` for what tasks share.",
)
