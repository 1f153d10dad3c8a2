"""Which task of OLD is which of NEW, and what differs between the two."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, Literal, NamedTuple

from router.compiler.compilation import CompiledTask
from router.compiler.model import Task
from router.compiler.passes.verifiers import verifiers_of
from router.diffing.changes import Breaks, Change, Kind
from router.diffing.judging import Judged
from router.diffing.spelling import respelt
from router.diffing.tasks import task_changes

__all__ = ["Pairing", "pairings"]

_MOST_TRIES: Final = 1_000  # pairs of tasks compared to find out which were renamed


class Pairing(NamedTuple):
    """A task and what has become of it, with what differs."""

    old: CompiledTask | None
    new: CompiledTask | None
    changes: tuple[Change, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """What it is called, and was."""
        return tuple(one.task.name for one in (self.new, self.old) if one is not None)

    @property
    def name(self) -> str:
        return self.names[0]

    @property
    def behaves(self) -> bool:
        """Whether runs may go, cost or answer otherwise."""
        return any(change.behaves for change in self.changes)

    @property
    def status(self) -> Literal["added", "removed", "renamed", "changed"]:
        if self.old is None:
            return "added"
        if self.new is None:
            return "removed"
        return "changed" if len(set(self.names)) == 1 else "renamed"


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
    done = [_with_changes(pairing, old, new) for pairing in found]
    settled = _through_verifiers({pairing.name: pairing for pairing in done}, new)
    wanted = [one for one in settled if only in (None, *one.names)]
    return sorted(wanted, key=lambda pairing: pairing.name)


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
        differ = [name for name in reached if name in pairings and pairings[name].behaves]
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
