"""Holds the active policy set and decides whether a candidate may take its place.

A candidate is judged whole, beside the active set, by exactly the checks that lint calls
errors; then one reference is swapped. A run keeps the set that it began with.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from router.catalog.models import Catalog
from router.compiler.model import PolicySet
from router.errors import PolicyError
from router.reloading.sources import DirectorySources
from router.rules.judge import JudgeCache, Judgement, judge
from router.types import Finding, Severity

__all__ = ["PolicyHolder", "Refusal", "summary"]

log = logging.getLogger("router.reload")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A candidate that was refused, since when, and why."""

    since: float
    findings: tuple[Finding, ...]


class PolicyHolder:
    """The active `PolicySet` of a policy root.

    Args:
        root: a directory, or one policy file.
        catalog: model facts.
        wall: seconds since the epoch.

    Raises:
        PolicyError: the policies at `root` cannot be used, so there is nothing to serve.
    """

    def __init__(self, root: Path, catalog: Catalog, wall: Callable[[], float] = time.time) -> None:
        self.root = root
        self._catalog = catalog
        self._wall = wall
        self._cache = JudgeCache()
        self._lock = threading.Lock()  # one candidate at a time; readers never take it
        self._refusal: Refusal | None = None
        self._alarm: str | None = None
        self.reloads = 0
        self._sources: DirectorySources | None = None
        judgement, sources = self._judge()
        if judgement.policy_set is None:
            raise PolicyError(summary(judgement.findings, root), judgement.findings)
        self.current: PolicySet = judgement.policy_set
        self.loaded_at = wall()
        self._sources = sources
        self.signature = sources.signature()

    @property
    def refusal(self) -> Refusal | None:
        return self._refusal

    @property
    def alarm(self) -> str | None:
        """Why the policy root itself looks lost; the active set serves on."""
        return self._alarm

    def look(self) -> tuple[object, ...]:
        """A signature of every file the active set came from, as the disk has them now."""
        return DirectorySources.signature_of(self.root, self._touched())

    def _touched(self) -> Iterable[str]:
        return () if self._sources is None else self._sources.touched

    def reload(self) -> PolicySet:
        """Judge what is on disk now and make it the active set.

        Raises:
            PolicyError: refused; the set before serves on.
        """
        with self._lock:
            judgement, sources = self._judge()
            # What was judged is remembered even when refused: it is not judged again until
            # something changes.
            self._sources = sources
            self.signature = sources.signature()
            candidate = judgement.policy_set
            if not sources.policy_files():
                alarm = f"no policy files under {self.root}; the active set serves on"
                if self._alarm is None:  # said once, not at every look
                    log.error(alarm)
                self._alarm = alarm
                raise PolicyError(alarm, judgement.findings)
            self._alarm = None
            if candidate is None:
                self._refuse(judgement.findings)
                raise PolicyError(summary(judgement.findings, self.root), judgement.findings)
            self._refusal = None
            if candidate.revision != self.current.revision:
                before = self.current.revision
                self.current = candidate  # the swap: one reference, atomic in CPython
                self.loaded_at = self._wall()
                self.reloads += 1
                log.info("policies reloaded: revision %s after %s", candidate.revision, before)
            return self.current

    def renew_lock(self) -> None:
        """For the child of a fork: another thread may have been reloading in that moment."""
        self._lock = threading.Lock()

    def lost_tasks(self) -> frozenset[str]:
        """Tasks that the disk would drop though the files that hold them are still there.

        A file caught half-written often parses; what it lacks looks like a removal.
        """
        with self._lock:  # what judging remembers is for one judgement at a time
            judgement, sources = self._judge()
        if judgement.policy_set is None:
            return frozenset()
        present = set(sources.policy_files())
        return frozenset(
            name
            for name, task in self.current.tasks.items()
            if name not in judgement.policy_set.tasks
            and task.span is not None
            and task.span.file in present
        )

    def _judge(self) -> tuple[Judgement, DirectorySources]:
        sources = DirectorySources(self.root, before=self._sources)
        return judge(sources, self._catalog, today=self.today(), cache=self._cache), sources

    def today(self) -> date:
        """The day in UTC, by which lifecycles and prices are judged."""
        return datetime.fromtimestamp(self._wall(), UTC).date()

    def _refuse(self, findings: tuple[Finding, ...]) -> None:
        since = self._wall() if self._refusal is None else self._refusal.since
        self._refusal = Refusal(since, findings)
        first = next((f for f in findings if f.severity is Severity.ERROR), None)
        log.error("policies refused, revision %s serves on: %s", self.current.revision, first)


def summary(findings: tuple[Finding, ...], root: Path) -> str:
    """The first error in full and how many more there are."""
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    if not errors:
        return f"no policies under {root}"
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return f"{errors[0]}{more}"
