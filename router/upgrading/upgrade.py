"""The upgrade of one policy root: the moves, what each task has of them, what speaks against."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from router.catalog.compare import Comparison, compare
from router.catalog.models import Catalog, Model
from router.compiler.compilation import CompiledTask
from router.diffing.caches import cold_caches
from router.diffing.changes import Bounds, ColdCache
from router.diffing.costs import bounds
from router.diffing.judging import Judged, judged
from router.diffing.sides import Side
from router.diffing.upgrades import advice
from router.errors import PolicyError, UsageError
from router.lint.editing import apply_edits
from router.lint.fixing import new_findings
from router.lint.paths import absolute, relative, root_of, same
from router.lint.writing import write_files
from router.policy.sources import Edited
from router.reloading.sources import DirectorySources
from router.rules.prompts import parts
from router.rules.sizes import constant_prefixes
from router.types import Edit, Finding, Severity
from router.upgrading.moves import Move, Selection, moves

__all__ = ["Breakpoint", "Effect", "Upgrade", "plan_upgrade", "root_and_files"]


@dataclass(frozen=True, slots=True)
class Breakpoint:
    """A cache breakpoint of a tier before and after: estimated tokens, and whether they cache.

    Only prefixes that no input decides. None: the model's minimum is not published.
    """

    tier: str
    where: str  # "system[1]"
    tokens_before: int
    tokens_after: int
    caches_before: bool | None
    caches_after: bool | None


@dataclass(frozen=True, slots=True)
class Effect:
    """What a task has of the moves."""

    task: str
    bounds: Bounds
    breakpoints: tuple[Breakpoint, ...]
    caches: tuple[ColdCache, ...]
    warnings: tuple[str, ...]  # defaults that change, ceilings that no longer mean the same
    notes: tuple[str, ...]  # what only gets better


@dataclass(frozen=True, slots=True)
class Upgrade:
    """What an upgrade comes to; nothing is written yet.

    Args:
        moves: those that can be made; `stuck` those that cannot, by place.
        models: each pair of models, compared.
        errors, warnings: findings that the moves would create; with an error, nothing may be
            written.
        files: the new bytes of each file, by its path in the root.
    """

    root: Path
    moves: tuple[Move, ...]
    stuck: tuple[Move, ...]
    models: tuple[Comparison, ...]
    effects: tuple[Effect, ...]
    errors: tuple[Finding, ...]
    warnings: tuple[Finding, ...]
    files: Mapping[str, bytes]
    before: Mapping[str, bytes]

    def write(self) -> None:
        """Puts the new pins in place.

        Raises:
            UsageError: the set would get new errors; a file has changed in the meantime.
            OSError: the system refuses.
        """
        if self.errors:
            raise UsageError("the upgrade would create errors; nothing was written")
        write_files({self.root: (self.files, self.before)})

    def shown(self, file: str) -> str:
        """A file of the root as it is reached from here."""
        return str(self.root / file)


def root_and_files(paths: Sequence[Path], root: Path) -> tuple[Path, tuple[str, ...] | None]:
    """The one policy root that paths lie in, and what of it is asked for; None: all of it.

    Args:
        root: the policy root by default; a path elsewhere is a root itself, or its folder is.

    Raises:
        UsageError: a path is not there, or they lie in several roots.
    """
    missing = [str(path) for path in paths if not path.exists()]
    if missing:
        raise UsageError(f"no such file or directory: {', '.join(missing)}")
    found = {absolute(root_of(path, root)): root_of(path, root) for path in paths} or {root: root}
    if len(found) > 1:
        roots = ", ".join(map(str, found.values()))
        raise UsageError(f"one policy root at a time, not {roots}")
    (chosen,) = found.values()
    if any(same(path, chosen) for path in paths) or not paths:
        return chosen, None
    return chosen, tuple(relative(path, chosen) for path in paths)


def plan_upgrade(
    root: Path, catalog: Catalog, *, today: date, selection: Selection | None = None
) -> Upgrade:
    """What moving pins of a policy root would change.

    Args:
        root: the policy root.
        today: the day (UTC) by which lifecycles and prices are judged.
        selection: what to move; by default the pins of models that are leaving.

    Raises:
        UsageError: no policies there, or what is selected is not there.
        PolicyError: the policies do not compile, so that not every pin is known.
    """
    sources = DirectorySources(root)
    if not sources.policy_files():
        raise UsageError(f"no policy files under {root}")
    old = judged(Side("now", sources, str(root)), catalog, today)
    if old.unlinked:
        broken = tuple(old.placed(one) for one in old.unlinked)
        raise PolicyError("policies that do not compile cannot be upgraded", broken)
    wanted = moves(old.tasks, old.facts, selection or Selection())
    made = tuple(move for move in wanted if move.edits is not None)
    files = dict(_edited(old, made))
    new = judged(Side("then", Edited(sources, files), str(root)), catalog, today)

    def created(severity: Severity) -> tuple[Finding, ...]:
        both = old.linted.findings, new.linted.findings
        return tuple(new.placed(one) for one in new_findings(*both, severity))

    return Upgrade(
        root,
        made,
        tuple(move for move in wanted if move.edits is None),
        tuple(_compared(made, today)),
        tuple(_effects(old, new)),
        created(Severity.ERROR),
        created(Severity.WARNING),
        files,
        {file: sources.read(file) for file in files},
    )


def _edited(side: Judged, made: tuple[Move, ...]) -> Iterator[tuple[str, bytes]]:
    edits: dict[str, list[Edit]] = {}
    for move in made:
        edits.setdefault(move.span.file, []).extend(move.edits or ())
    for file, some in edits.items():
        yield file, apply_edits(side.read(file), some)


def _compared(made: tuple[Move, ...], today: date) -> Iterator[Comparison]:
    pairs: dict[tuple[str, str], tuple[Model, Model]] = {}
    for move in made:
        if move.verdict.model is not None and move.new is not None:
            pair = move.verdict.model, move.new
            pairs.setdefault((pair[0].id, pair[1].id), pair)
    for was, now in pairs.values():
        yield compare(was, now, today)


def _effects(old: Judged, new: Judged) -> Iterator[Effect]:
    """Tasks that do not compile any more have none: their errors say why."""
    for name, before in sorted(old.tasks.items()):
        after = new.tasks.get(name)
        if after is None or before.task.revision == after.task.revision:
            continue
        told = tuple(advice(before, after, new.facts))
        yield Effect(
            name,
            bounds(before, after, old.facts, new.facts),
            tuple(_breakpoints(before, after, old, new)),
            tuple(cold_caches(before, after, old, new)),
            tuple(one.said for one in told if not one.good),
            tuple(one.said for one in told if one.good),
        )


def _breakpoints(
    before: CompiledTask, after: CompiledTask, old: Judged, new: Judged
) -> Iterator[Breakpoint]:
    for was, now in zip(before.task.tiers, after.task.tiers, strict=True):
        first, second = old.facts.model(was), new.facts.model(now)
        if first is None or second is None or first is second:
            continue
        for one, other in zip(_prefixes(before, first), _prefixes(after, second), strict=True):
            yield Breakpoint(now.name, other[0], one[1], other[1], one[2], other[2])


def _prefixes(compiled: CompiledTask, model: Model) -> Iterator[tuple[str, int, bool | None]]:
    """Each breakpoint before anything that inputs decide: where, tokens, whether it caches."""
    least = model.limits.min_cacheable_tokens if model.limits is not None else None
    tokens = {id(one.part): one.tokens for one in constant_prefixes(compiled, model)}
    counts: dict[str, int] = {}
    for part in parts(compiled):
        index = counts.get(part.kind, 0)
        counts[part.kind] = index + 1
        size = tokens.get(id(part))
        if size is not None:
            where = f"{'tools' if part.kind == 'tool' else part.kind}[{index}]"
            yield where, size, None if least is None else size >= least
