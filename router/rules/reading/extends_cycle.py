"""extends-cycle: files or tasks extend each other in a circle, or in too long a chain."""

from __future__ import annotations

from router.rules.base import Rule
from router.types import Severity

__all__ = ["RULE"]

RULE = Rule(
    name="extends-cycle",
    severity=Severity.ERROR,
    summary="Files or tasks extend each other in a circle, or in too long a chain.",
    avoid="a: {extends: b}\nb: {extends: a}",
    prefer="_base: {…}\na: {extends: _base}\nb: {extends: _base}",
    why="There is no first one to begin with. A chain has at most eight parents.",
)
