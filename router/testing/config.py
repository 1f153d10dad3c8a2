"""The `test` table of the configuration: what a project asks of its tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from router.config import Config

__all__ = ["TestConfig"]


@dataclass(frozen=True, slots=True)
class TestConfig:
    """What is asked of a run of all tests.

    `min_coverage` is of a hundred decisions, and not asked of a run of some cases only.
    """

    __test__ = False  # not for pytest to collect

    min_coverage: int = 0

    @classmethod
    def of(cls, config: Config) -> Self:
        """Raises SettingsError, with the place."""
        table = config.table("test")
        found = cls(min_coverage=table.integer("min-coverage", 0, 100) or 0)
        table.close()
        return found
