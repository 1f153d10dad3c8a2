"""Policies read for a command that runs nothing: no client, no ledger."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from router.catalog import Catalog, load_catalog
from router.compiler.compilation import CompiledTask
from router.compiler.model import PolicySet, Task
from router.errors import PolicyError, SettingsError
from router.lint.paths import renamed, root_of
from router.reloading.holder import summary
from router.reloading.sources import DirectorySources
from router.rules.judge import judge
from router.types import Finding

__all__ = ["Reading", "policy_root", "refused"]


def policy_root(given: Path | None) -> Path:
    """Where the policies are. Raises SettingsError where there is nothing."""
    root = _root(given)
    try:
        found = root.exists()
    except OSError as error:
        raise SettingsError(f"cannot read policies at {root}: {error.strerror}") from None
    if not found:
        raise SettingsError(
            f"no policies at {root}: pass --policies, set ROUTER_POLICIES, or run `router init`"
        )
    return root


def _root(given: Path | None) -> Path:
    return given or Path(os.environ.get("ROUTER_POLICIES") or "policies")


def refused(findings: Sequence[Finding], given: Path | None) -> PolicyError:
    """What policies are refused for, with files named as they are reached from here, as by lint."""
    root = _root(given)
    folder = root_of(root, root)
    found = tuple(renamed(finding, lambda file: str(folder / file)) for finding in findings)
    return PolicyError(summary(found, root), found)


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
            raise refused(judgement.findings, root)
        tasks = {compiled.task.name: compiled for compiled in judgement.tasks}
        return cls(root, judgement.policy_set, catalog, today, tasks)

    def task(self, name: str) -> Task:
        """Raises UnknownTask."""
        from router.router import unknown_task

        task = self.policy_set.tasks.get(name)
        if task is None:
            raise unknown_task(name, self.policy_set)
        return task
