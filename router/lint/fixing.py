"""Fixes made, round after round, until nothing is left to fix; none may create an error.

In memory: what comes out are bytes. Each round makes all fixes that do not touch one another, the
first by place winning, and has the result judged anew. Fixes that would create an error are found
by halving, left out, and told.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final, NamedTuple

from router.catalog.models import Catalog
from router.lint.editing import Taken, apply_edits
from router.policy.loader import load_documents
from router.policy.sources import Edited, Sources
from router.rules.judge import JudgeCache, Judgement, judge
from router.types import Edit, Finding, Severity

__all__ = ["Choose", "Dropped", "Fixed", "fix_all", "new_findings"]

Choose = Callable[[Sources], Sequence[Finding]]
"""The findings that count: no fix is made for what is suppressed, or not asked for."""

_ROUNDS: Final = 100  # each takes something away; a policy that needs so many is no policy
_NUMBER = re.compile(r"[0-9]+")


@dataclass(frozen=True, slots=True)
class Dropped:
    """A fix that was not made, and the errors that it would have created."""

    finding: Finding
    errors: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Fixed:
    """What fixing comes to.

    Args:
        files: the new bytes of each file that changes, by its path in the root.
        fixed: findings whose fix was made, as they were found, in the order in which.
        dropped: fixes that were left out, because an error would have come of them.
        sources: the root as it is with the changes.
    """

    files: Mapping[str, bytes]
    fixed: tuple[Finding, ...]
    dropped: tuple[Dropped, ...]
    sources: Sources


def fix_all(
    sources: Sources,
    catalog: Catalog,
    *,
    today: date,
    choose: Choose | None = None,
    unsafe: bool = False,
) -> Fixed:
    """Fixes what can be fixed under one policy root.

    Args:
        sources: one consistent reading of the root; nothing is written to it.
        today: the day (UTC) by which lifecycles and prices are judged.
        choose: the findings that count, files relative to the root; by default all of them.
        unsafe: make the fixes too that may change what a policy does.
    """
    fixer = _Fixer(sources, catalog, today, choose, unsafe)
    for _ in range(_ROUNDS):
        if not fixer.round():
            break
    return Fixed(fixer.files, tuple(fixer.fixed), tuple(fixer.dropped), fixer.now)


def new_findings(
    before: Iterable[Finding], after: Iterable[Finding], severity: Severity
) -> tuple[Finding, ...]:
    """Findings of a severity that only `after` has, each known by what it says."""
    found = [one for one in after if one.severity is severity]
    created = Counter(map(_key, found)) - Counter(_key(o) for o in before if o.severity is severity)
    return tuple(one for one in found if _key(one) in created)


# --- what may not get worse ----------------------------------------------------------------------


class _Seen(NamedTuple):
    """One judgement, as far as errors go; each error by what it says, without its numbers."""

    judgement: Judgement
    reading: Counter[tuple[str, str, str]]  # errors that left a file without a document
    errors: Counter[tuple[str, str, str]]
    documents: frozenset[str]  # policies that could be read


def _key(finding: Finding) -> tuple[str, str, str]:
    # Messages name lines, which move.
    return finding.rule, finding.span.file, _NUMBER.sub("", finding.message)


def _errors(findings: Iterable[Finding]) -> Counter[tuple[str, str, str]]:
    return Counter(_key(one) for one in findings if one.severity is Severity.ERROR)


class _Only:
    """The policies that could be read before: what others have to say is not news to them."""

    def __init__(self, sources: Sources, files: frozenset[str]) -> None:
        self._sources = sources
        self._files = files

    def policy_files(self) -> tuple[str, ...]:
        return tuple(file for file in self._sources.policy_files() if file in self._files)

    def read(self, path: str) -> bytes:
        return self._sources.read(path)


# --- rounds --------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Fixer:
    sources: Sources
    catalog: Catalog
    today: date
    choose: Choose | None
    unsafe: bool
    files: dict[str, bytes] = field(default_factory=dict)
    fixed: list[Finding] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)
    cache: JudgeCache = field(default_factory=JudgeCache)

    @property
    def now(self) -> Sources:
        return Edited(self.sources, self.files)

    def round(self) -> bool:
        """Makes what fixes it can at once; False where there was none to make."""
        seen = self._look(self.now)
        self.dropped = []
        kept: list[Finding] = []
        waiting = [self._fixable(seen)]
        while waiting:
            some = waiting.pop()
            created = self._created([*kept, *some], seen) if some else ()
            if not created:
                kept += some
            elif len(some) == 1:
                self.dropped.append(Dropped(some[0], created))
            else:
                half = len(some) // 2
                waiting += [some[half:], some[:half]]
        changed = self._with(kept)
        self.fixed += kept
        moved = any(changed[file] != self.now.read(file) for file in changed)
        self.files.update(changed)
        return moved

    def _fixable(self, seen: _Seen) -> list[Finding]:
        """Findings whose fixes can be made together; of those that touch, the first by place."""
        chosen: list[Finding] = []
        taken = Taken()
        found = self.choose(self.now) if self.choose is not None else seen.judgement.findings
        for finding in sorted(found, key=lambda one: one.span):
            fix = finding.fix
            if fix is None or not (fix.safe or self.unsafe):
                continue
            if taken.take(fix.edits):
                chosen.append(finding)
        return chosen

    def _with(self, findings: Iterable[Finding]) -> dict[str, bytes]:
        """The bytes that each file has once these findings are fixed."""
        edits: dict[str, list[Edit]] = {}
        for finding in findings:
            for edit in finding.fix.edits if finding.fix is not None else ():
                edits.setdefault(edit.span.file, []).append(edit)
        now = self.now
        return {file: apply_edits(now.read(file), some) for file, some in edits.items()}

    def _created(self, findings: Sequence[Finding], seen: _Seen) -> tuple[Finding, ...]:
        """The errors that would be there, and are not, if these findings were fixed.

        A policy that could not be read may show errors once it can: they were there before.
        """
        candidate = Edited(self.sources, {**self.files, **self._with(findings)})
        after = self._look(candidate)
        created = after.reading - seen.reading
        judgement = after.judgement
        if not after.documents <= seen.documents:
            only = _Only(candidate, seen.documents)
            part = judge(only, self.catalog, today=self.today)
            created |= _errors(part.findings) - seen.errors - after.reading
        else:
            created |= after.errors - seen.errors
        return tuple(one for one in judgement.findings if _key(one) in created)

    def _look(self, sources: Sources) -> _Seen:
        judgement = judge(sources, self.catalog, today=self.today, cache=self.cache, infos=True)
        loaded = load_documents(sources, self.cache.documents)
        documents = frozenset(document.file for document in loaded.documents)
        return _Seen(judgement, _errors(loaded.findings), _errors(judgement.findings), documents)
