"""Test files with their policies: each file read once, each policy set judged once a day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from pathlib import Path

from router.catalog.models import Catalog
from router.compiler.model import PolicySet
from router.errors import UsageError
from router.policy.sources import Sources
from router.reloading.sources import DirectorySources
from router.rules.judge import JudgeCache, judge
from router.testing.discovery import Found, find_tests, root_of
from router.testing.reading import Draft, link_suite, read_draft
from router.testing.snapshots import Snapshots
from router.testing.suite import Case, Suite
from router.types import Finding, Severity

__all__ = ["Library", "LoadedSuite"]


@dataclass(frozen=True, slots=True)
class LoadedSuite:
    """A file of tests, linked to its policies; `suite` is None where something is wrong."""

    found: Found
    findings: tuple[Finding, ...]
    suite: Suite | None = None
    policy_set: PolicySet | None = None

    def snapshots(self, *, update: bool = False) -> Snapshots | None:
        """What is kept of the requests; None where the file keeps nothing."""
        if self.suite is None or not self.suite.snapshots:
            return None
        return Snapshots.of(self.found.path, update=update)


@dataclass(slots=True)
class Library:
    """Policy sets by root and day, each judged once.

    `sources` are readings by root: what is there is not read from the disk. `caches` serve from one
    library to the next.
    """

    catalog: Catalog
    sources: dict[Path, Sources] = field(default_factory=dict)
    caches: dict[Path, JudgeCache] = field(default_factory=dict)
    _sets: dict[tuple[Path, date], tuple[PolicySet | None, tuple[Finding, ...]]] = field(
        default_factory=dict
    )

    def load_all(self, paths: Sequence[Path], policies: Path | None) -> tuple[LoadedSuite, ...]:
        """The tests under files and directories; by default those of the policy root.

        Raises:
            UsageError: a path is not there, or there is no test.
        """
        given = paths or [root_of(policies)]
        missing = [str(path) for path in given if not path.exists()]
        if missing:
            raise UsageError(f"no such file or directory: {', '.join(missing)}")
        found = find_tests(given, policies)
        if not found:
            raise UsageError(f"no tests (*.test.yaml) under {', '.join(map(str, given))}")
        return tuple(self.load(one) for one in found)

    def load(self, found: Found) -> LoadedSuite:
        """Read a test file and link it to its policies."""
        draft = read_draft(found.name, self._reading(found.root))
        own = _shown(draft.findings, found.root)
        if draft.node is None:
            return LoadedSuite(found, own)
        now = self._now(draft)
        policy_set, wrong = self._policies(found.policies, datetime.fromtimestamp(now, UTC).date())
        if policy_set is None:
            return LoadedSuite(found, (*own, *wrong))
        suite, findings = link_suite(draft, policy_set.tasks, now)
        said = (*own, *_shown(findings, found.root))
        labelled = suite.labelled
        if labelled is not None:
            labelled = replace(labelled, cases=_placed(labelled.cases, found))
        suite = replace(suite, cases=_placed(suite.cases, found), labelled=labelled)
        return LoadedSuite(found, said, suite, policy_set)

    def _now(self, draft: Draft) -> float:
        if draft.now is not None:
            return draft.now
        # The facts that the catalog states are those of its own day, whenever the test is run.
        return datetime.combine(self.catalog.as_of, time(12), UTC).timestamp()

    def _policies(self, root: Path, today: date) -> tuple[PolicySet | None, tuple[Finding, ...]]:
        key = root, today
        if key not in self._sets:
            cache = self.caches.setdefault(root, JudgeCache())
            judgement = judge(self._reading(root), self.catalog, today=today, cache=cache)
            if judgement.policy_set is None and not judgement.findings:
                raise UsageError(f"no policies under {root}: --policies says where they are")
            wrong: tuple[Finding, ...] = ()
            if judgement.policy_set is None:
                errors = [one for one in judgement.findings if one.severity is Severity.ERROR]
                wrong = _shown(errors, root if root.is_dir() else root.parent)
            self._sets[key] = judgement.policy_set, wrong
        return self._sets[key]

    def _reading(self, root: Path) -> Sources:
        if root not in self.sources:
            self.sources[root] = DirectorySources(root)
        return self.sources[root]


def _placed(cases: Sequence[Case], found: Found) -> tuple[Case, ...]:
    return tuple(replace(case, file=str(found.path), root=found.root) for case in cases)


def _shown(findings: Sequence[Finding], root: Path) -> tuple[Finding, ...]:
    """Findings with their files as they are reached from here, so that a terminal can open them.

    Without their fixes: those are for `router lint --fix`, which looks at policies.
    """
    return tuple(
        replace(one, span=replace(one.span, file=str(root / one.span.file)), fix=None)
        for one in findings
    )
