"""missing-parent: a file or task extends one that is not there."""

from __future__ import annotations

from router.rules.base import Rule
from router.types import Severity

__all__ = ["RULE"]

RULE = Rule(
    name="missing-parent",
    severity=Severity.ERROR,
    summary="A file or task extends one that is not there.",
    avoid="extends: _default.yaml",
    prefer="extends: _defaults.yaml",
    why="Without its parent the task lacks whatever it took over.",
    configure=(
        "Paths are taken from where the file lies; task names from the same file and its parents."
    ),
)
