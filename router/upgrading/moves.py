"""Which pins are to move, and where to."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from router.catalog.lookup import Verdict, describe
from router.catalog.models import Model
from router.catalog.successors import newer_models, successor
from router.compiler.compilation import CompiledTask
from router.errors import UnknownTask, UsageError
from router.policy.edits import Edits, replace_scalar
from router.policy.nodes import Node
from router.policy.suggest import did_you_mean
from router.rules.base import Facts
from router.rules.pins import pins
from router.types import Span

__all__ = ["Move", "Selection", "moves", "target"]


@dataclass(frozen=True, slots=True)
class Selection:
    """What is asked for. Of nothing in particular, the pins of models that are leaving.

    Args:
        files: only pins that stand in these files or folders, or that tasks there use; None: all.
        tasks: only pins that these tasks use.
        models: only these, by name under `models` or by id, leaving or not.
        everything: also pins of models that stay and have a newer one in their family.
        to: the model to move to, whatever the catalog says: a pin, or a name under `models`.
    """

    files: Collection[str] | None = None
    tasks: Collection[str] = ()
    models: Collection[str] = ()
    everything: bool = False
    to: str | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """One place where a pin is written, and what is to stand there.

    Args:
        name: under `models`; None where a tier has the id itself.
        users: each task and tier that the place decides for.
        new: None where nothing is known to move to.
        edits: None where the place is written in a way that is not edited.
    """

    name: str | None
    verdict: Verdict
    span: Span
    users: tuple[tuple[str, str], ...]
    new: Model | None
    edits: Edits
    chosen: bool = False  # `new` is what was asked for, not what the catalog names

    @property
    def old(self) -> str:
        """The model as it is written."""
        return self.verdict.name


def target(facts: Facts, name: str) -> Model:
    """The model that `to` stands for.

    Raises:
        UsageError: it is no pin that can be called, or it is a name of several.
    """
    pinned = {
        str(node.value) for names in facts.models.values() if (node := names.get(name)) is not None
    }
    if len(pinned) > 1:
        raise UsageError(f"`{name}` stands for {' and '.join(sorted(pinned))}: write the pin")
    verdict = describe(facts.catalog, next(iter(pinned), name), facts.today)
    if verdict.pinned and verdict.model is not None:
        return verdict.model
    raise UsageError(str(verdict))


def moves(
    tasks: Mapping[str, CompiledTask], facts: Facts, selection: Selection
) -> tuple[Move, ...]:
    """The moves that are asked for, in order of place.

    Raises:
        UsageError: there is no such task, no such model in use, or none to move to.
    """
    to = None if selection.to is None else target(facts, selection.to)
    for name in selection.tasks:
        if name not in tasks:
            hint = did_you_mean(name, tasks)
            raise UnknownTask(f"there is no task {name!r}{f'; {hint}' if hint else ''}")
    written = tuple(_written(tasks, facts))
    for wanted in selection.models:
        if not any(wanted in _names(place) for place in written):
            known = sorted({name for place in written for name in _names(place)})
            hint = did_you_mean(wanted, known) or f"in use: {', '.join(known)}"
            raise UsageError(f"no tier uses a model {wanted!r}; {hint}")
    found = (_move(place, facts, selection, to) for place in written if _chosen(place, selection))
    made = sorted((one for one in found if one is not None), key=lambda one: one.span)
    if to is not None and not (made or selection.models or selection.everything):
        raise UsageError(f"no pin is leaving; --model NAME or --all says which move to {to.id}")
    return tuple(made)


@dataclass(slots=True)
class _Place:
    """One place where a pin is written, and all that use it."""

    node: Node
    verdict: Verdict
    name: str | None
    users: list[tuple[str, str]]
    files: set[str]


def _written(tasks: Mapping[str, CompiledTask], facts: Facts) -> Iterator[_Place]:
    places: dict[Span, _Place] = {}
    for task, compiled in sorted(tasks.items()):
        models = facts.models.get(compiled.file, {})
        for tier, verdict, node in pins(compiled, facts):
            name = next((name for name, one in models.items() if one is node), None)
            place = places.setdefault(node.span, _Place(node, verdict, name, [], set()))
            place.users.append((task, tier.name))
            place.files |= {compiled.file, node.source.file}
    yield from places.values()


def _names(place: _Place) -> set[str]:
    model = place.verdict.model
    names = {place.verdict.name, place.name or "", model.id if model is not None else ""}
    return names - {""}


def _chosen(place: _Place, selection: Selection) -> bool:
    if selection.files is not None and not any(
        file == name or file.startswith(f"{name}/")
        for file in place.files
        for name in selection.files
    ):
        return False
    if selection.tasks and not any(task in selection.tasks for task, _ in place.users):
        return False
    if selection.models:
        return not _names(place).isdisjoint(selection.models)
    return selection.everything or _leaving(place.verdict)


def _leaving(verdict: Verdict) -> bool:
    gone = verdict.kind in ("retired", "retiring")
    return gone or verdict.retires is not None  # an alias of one that is leaving


def _move(place: _Place, facts: Facts, selection: Selection, to: Model | None) -> Move | None:
    verdict, model = place.verdict, place.verdict.model
    if model is None:
        return None
    new = to
    if new is None:
        newest = selection.everything or selection.models
        new = next(newer_models(facts.catalog, model, facts.today), None) if newest else None
        new = new or successor(facts.catalog, model, facts.today)
    if new is None and not _leaving(verdict):
        return None  # the newest already
    if new is not None and new.id == verdict.name:
        return None
    edits = None if new is None else replace_scalar(place.node, new.id)
    return Move(
        place.name, verdict, place.node.span, tuple(place.users), new, edits, to is not None
    )
