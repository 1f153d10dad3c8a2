"""Two states of policies -> the report: which tasks differ, in what, and what follows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

from router.catalog.models import Catalog
from router.diffing.caches import cold_caches
from router.diffing.changes import Report, TaskDiff, Traffic
from router.diffing.costs import bounds
from router.diffing.judging import Judged, judged
from router.diffing.pairing import Pairing, pairings
from router.diffing.sides import Sides
from router.diffing.traffic import Recorded, months
from router.diffing.upgrades import advice
from router.diffing.verdict import verdict
from router.lint.config import LintConfig
from router.lint.fixing import new_findings
from router.types import Severity

__all__ = ["compare", "report_of"]


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
        moving = [(one.old, one.new) for one in differ if one.behaves]
        traffic = months(moving, old, new, recorded)
    tasks = tuple(_task_diff(one, old, new, traffic.get(one.names[-1])) for one in differ)
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


def _task_diff(pairing: Pairing, old: Judged, new: Judged, traffic: Traffic | None) -> TaskDiff:
    before, after = pairing.old, pairing.new
    diff = TaskDiff(
        name=pairing.name,
        status=pairing.status,
        changes=pairing.changes,
        old_name=pairing.names[-1] if pairing.status == "renamed" else None,
        bounds=bounds(before, after, old.facts, new.facts) if pairing.behaves else None,
        traffic=traffic,
    )
    if before is not None and after is not None and pairing.behaves:
        told = tuple(advice(before, after, new.facts))
        diff = replace(
            diff,
            caches=tuple(cold_caches(before, after, old, new)),
            warnings=tuple(one.said for one in told if not one.good),
            notes=tuple(one.said for one in told if one.good),
        )
    return replace(diff, verdict=verdict(diff))


def _layout(old: Judged, new: Judged) -> Iterator[str]:
    """Files whose bytes differ although nothing that a task is made of does."""
    files = {*old.linted.files, *new.linted.files}
    for file in sorted(files):
        if old.bytes_of(file) != new.bytes_of(file):
            yield file
