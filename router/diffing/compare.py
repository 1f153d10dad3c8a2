"""Two states of policies -> the report: which tasks differ, in what, and what follows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Final, NamedTuple

from router.catalog.models import Catalog
from router.compiler.compilation import CompiledTask
from router.compiler.model import Task
from router.compiler.passes.verifiers import verifiers_of
from router.diffing.caches import cold_caches
from router.diffing.changes import Breaks, Change, Kind, Report, TaskDiff, Traffic
from router.diffing.costs import bounds
from router.diffing.judging import Judged, judged
from router.diffing.sides import Sides
from router.diffing.spelling import respelt
from router.diffing.tasks import task_changes
from router.diffing.traffic import Recorded, months
from router.diffing.upgrades import upgrade_warnings
from router.diffing.verdict import verdict
from router.lint.config import LintConfig
from router.lint.fixing import new_findings
from router.types import Severity

__all__ = ["Pairing", "compare", "pairings", "report_of"]


_MOST_TRIES: Final = 1_000  # pairs of tasks compared to find out which were renamed


class Pairing(NamedTuple):
    """A task and what has become of it, with what differs."""

    old: CompiledTask | None
    new: CompiledTask | None
    changes: tuple[Change, ...]

    @property
    def name(self) -> str:
        task = self.new or self.old
        return task.task.name if task is not None else ""


def compare(
    old: str | None,
    new: str | None,
    *,
    root: Path,
    catalog: Catalog,
    today: date,
    recorded: Recorded | None = None,
    lint: LintConfig | None = None,
) -> Report:
    """Compares two states of policies.

    Args:
        old: a directory or file, a git ref, or a revision; None: `HEAD`.
        new: the same; None: the policy root as it is.
        root: the policy root, in the working tree and at every ref.
        today: the day (UTC) by which both are judged and priced.
        recorded: attempts of a ledger, to say what a month of them would cost.
        lint: what the project does not want to hear of warnings.

    Raises:
        UsageError: a side that cannot be found.
        LedgerError: the ledger cannot be read.
    """
    with Sides(root, catalog) as sides:
        before, after = sides.pair(old, new)
        return report_of(
            judged(before, catalog, today, lint=lint),
            judged(after, catalog, today, lint=lint),
            recorded,
        )


def report_of(old: Judged, new: Judged, recorded: Recorded | None = None) -> Report:
    """The report over two judged sides, both still open to be read."""
    names = old.side.name, new.side.name
    notes = [note for note in (old.side.note, new.side.note) if note]
    # What ran once may be refused today (a model retires): that is no reason not to compare it.
    broken = [(old.side.name, old.errors)] if old.unlinked else []
    broken += [(new.side.name, new.errors)] if new.errors else []
    if broken:
        return Report(*names, broken=tuple(broken), notes=tuple(notes))
    if old.errors:
        rules = ", ".join(sorted({finding.rule for finding in old.errors}))
        notes.append(f"{old.side.name} would be refused today: {rules}")
    only = old.side.task or new.side.task
    paired = pairings(old, new, only)
    differ = [one for one in paired if one.changes]
    traffic: Mapping[str, Traffic] = {}
    if recorded is not None:
        moving = [one for one in differ if any(change.behaves for change in one.changes)]
        traffic = months(((one.old, one.new) for one in moving), old, new, recorded)
    tasks = tuple(
        _task_diff(one, old, new, traffic.get(one.old.task.name if one.old else ""))
        for one in differ
    )
    return Report(
        *names,
        tasks=tuple(sorted(tasks, key=_gravity)),
        same=len(paired) - len(tasks),
        warnings=tuple(
            new.placed(finding)
            for finding in new_findings(old.linted.findings, new.linted.findings, Severity.WARNING)
        ),
        layout=() if tasks else tuple(_layout(old, new)),
        notes=tuple(notes),
    )


def _gravity(task: TaskDiff) -> tuple[bool, bool, str]:
    return not task.breaks, not task.behaves, task.name


def pairings(old: Judged, new: Judged, only: str | None = None) -> list[Pairing]:
    """Every task of either side with its changes, by name; none where its revision is the same."""
    gone = [name for name in old.tasks if name not in new.tasks]
    come = [name for name in new.tasks if name not in old.tasks]
    renamed = dict(_renamed(old, new, gone, come))
    found = []
    for name, after in new.tasks.items():
        before = old.tasks.get(renamed.get(name, name))
        found.append(Pairing(before, after, ()))
    taken = set(renamed.values())
    found += [Pairing(old.tasks[name], None, ()) for name in gone if name not in taken]
    if only is not None:
        found = [p for p in found if any(t and t.task.name == only for t in (p.old, p.new))]
    done = [_with_changes(pairing, old, new) for pairing in found]
    settled = _through_verifiers({pairing.name: pairing for pairing in done}, new)
    return sorted(settled, key=lambda pairing: pairing.name)


def _renamed(
    old: Judged, new: Judged, gone: list[str], come: list[str]
) -> Iterator[tuple[str, str]]:
    """New name and old name of tasks that do the same as ever."""
    left, tries = sorted(gone), _MOST_TRIES
    for name in sorted(come):
        after = new.tasks[name].task
        for other in left:
            if tries == 0:
                return
            if not _alike(old.tasks[other].task, after):
                continue
            tries -= 1
            changes = task_changes(old.tasks[other].task, after, old.read, new.read)
            if not any(change.behaves for change in changes):
                yield name, other
                left.remove(other)
                break


def _alike(old: Task, new: Task) -> bool:
    """Whether it is worth a closer look: the ladder alone tells most tasks apart."""
    return [(t.model, t.max_tokens) for t in old.tiers] == [
        (t.model, t.max_tokens) for t in new.tiers
    ]


def _with_changes(pairing: Pairing, old: Judged, new: Judged) -> Pairing:
    before, after = pairing.old, pairing.new
    if before is None or after is None:
        what = "task added" if before is None else "task removed: callers get UnknownTask"
        breaks: Breaks = "no" if before is None else "yes"
        return pairing._replace(changes=(Change(Kind.TASK, "", what, breaks=breaks),))
    if before.task.name == after.task.name and before.task.revision == after.task.revision:
        return pairing
    changes = list(task_changes(before.task, after.task, old.read, new.read))
    if before.task.name != after.task.name:
        what = f"task `{before.task.name}` is now called `{after.task.name}`"
        changes.insert(0, Change(Kind.TASK, "", what, breaks="yes"))
    elif not changes:
        changes += respelt(before, after, old.linted, new.linted)
    return pairing._replace(changes=tuple(changes))


def _through_verifiers(pairings: Mapping[str, Pairing], new: Judged) -> Iterator[Pairing]:
    """A task whose verifier behaves differently accepts other answers."""
    for pairing in pairings.values():
        reached = _verifiers(pairing.new, new)
        differ = [
            name
            for name in reached
            if name in pairings and any(c.behaves for c in pairings[name].changes)
        ]
        if pairing.old is None or pairing.new is None or not reached:
            yield pairing
            continue
        kept = [c for c in pairing.changes if c.kind is not Kind.SPELLING or not differ]
        if differ:
            names = ", ".join(f"`{name}`" for name in differ)
            what = f"verified by {names}, which behave{'s' if len(differ) == 1 else ''} differently"
            kept.append(Change(Kind.CONFIDENCE, "confidence", what))
        yield pairing._replace(changes=tuple(kept))


def _verifiers(compiled: CompiledTask | None, judged_side: Judged) -> list[str]:
    found: list[str] = []
    pending = list(verifiers_of(compiled.task)) if compiled is not None else []
    while pending:
        name = pending.pop()
        if name not in found and name in judged_side.tasks:
            found.append(name)
            pending += verifiers_of(judged_side.tasks[name].task)
    return sorted(found)


def _task_diff(pairing: Pairing, old: Judged, new: Judged, traffic: Traffic | None) -> TaskDiff:
    before, after, changes = pairing
    renamed = before is not None and after is not None and before.task.name != after.task.name
    both = before is not None and after is not None
    differs = any(change.behaves for change in changes)
    diff = TaskDiff(
        name=pairing.name,
        status=("renamed" if renamed else "changed")
        if both
        else ("added" if before is None else "removed"),
        changes=changes,
        old_name=before.task.name if before is not None and renamed else None,
        caches=tuple(cold_caches(before, after, old, new))
        if before is not None and after is not None and differs
        else (),
        bounds=bounds(before, after, old.facts, new.facts) if differs else None,
        warnings=tuple(upgrade_warnings(before, after, new.facts))
        if before is not None and after is not None
        else (),
        traffic=traffic,
    )
    return replace(diff, verdict=verdict(diff))


def _layout(old: Judged, new: Judged) -> Iterator[str]:
    """Files whose bytes differ although nothing that a task is made of does."""
    files = {*old.linted.files, *new.linted.files}
    for file in sorted(files):
        if old.bytes_of(file) != new.bytes_of(file):
            yield file
