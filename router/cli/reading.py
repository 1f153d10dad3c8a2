"""Policies read for a command that runs nothing: no client, no ledger."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from router.catalog import Catalog, load_catalog
from router.compiler.compilation import CompiledTask
from router.compiler.model import PolicySet, Task
from router.errors import PolicyError, SettingsError
from router.reloading.holder import summary
from router.reloading.sources import DirectorySources
from router.rules.judge import judge

__all__ = ["Reading", "policy_root"]


def policy_root(given: Path | None) -> Path:
    """Where the policies are. Raises SettingsError where there is nothing."""
    root = given or Path(os.environ.get("ROUTER_POLICIES") or "policies")
    try:
        found = root.exists()
    except OSError as error:
        raise SettingsError(f"cannot read policies at {root}: {error.strerror}") from None
    if not found:
        raise SettingsError(
            f"no policies at {root}: pass --policies, set ROUTER_POLICIES, or run `router init`"
        )
    return root


@dataclass(frozen=True, slots=True)
class Reading:
    """A policy set as it is on disk now, its tasks with the places they are written at."""

    root: Path
    policy_set: PolicySet
    catalog: Catalog
    today: date
    tasks: Mapping[str, CompiledTask]

    @classmethod
    def of(cls, given: Path | None, day: date | None = None) -> Reading:
        """As of a day (UTC), by default the clock's. Raises PolicyError, SettingsError."""
        root = policy_root(given)
        catalog = load_catalog()
        today = day or datetime.fromtimestamp(time.time(), UTC).date()
        judgement = judge(DirectorySources(root), catalog, today=today)
        if judgement.policy_set is None:
            raise PolicyError(summary(judgement.findings, root), judgement.findings)
        tasks = {compiled.task.name: compiled for compiled in judgement.tasks}
        return cls(root, judgement.policy_set, catalog, today, tasks)

    def task(self, name: str) -> Task:
        """Raises UnknownTask."""
        from router.router import unknown_task

        task = self.policy_set.tasks.get(name)
        if task is None:
            raise unknown_task(name, self.policy_set)
        return task
