"""Markdown that fits a pull request's comment."""

from __future__ import annotations

from collections.abc import Iterator

from router.diffing.formats.words import OF_COSTS
from router.upgrading.formats.words import (
    effect_rows,
    ending,
    headline,
    model_rows,
    place,
    stuck,
    users,
    why,
)
from router.upgrading.upgrade import Upgrade

__all__ = ["render"]


def render(upgrade: Upgrade, *, written: bool = False) -> str:
    """The upgrade in Markdown; names of policies cannot break out of their cells."""
    return "\n".join(_lines(upgrade, written)) + "\n"


def _lines(upgrade: Upgrade, written: bool) -> Iterator[str]:
    yield f"### Model upgrade: {headline(upgrade)}"
    if upgrade.moves:
        yield from _table(("pin", "from", "to", "why", "used by"))
    for move in upgrade.moves:
        new = move.new.id if move.new is not None else ""
        yield _cells(place(upgrade, move), move.old, new, why(move), users(move))
    for move in upgrade.stuck:
        yield f"- not moved: {_cell(stuck(move))} ({_cell(place(upgrade, move))})"
    for found in upgrade.models:
        yield from ("", f"**{found.old.id} → {found.new.id}**")
        yield from _table(("", "before", "after", ""))
        yield from (_cells(*row) for row in model_rows(found))
    for effect in upgrade.effects:
        yield from ("", f"**{_cell(effect.task)}**", "")
        yield from (f"- {_cell(phrase)}" for _, phrase in effect_rows(effect))
    if upgrade.effects:
        yield from ("", f"{OF_COSTS[0].upper()}{OF_COSTS[1:]}.")
    findings = (*upgrade.errors, *upgrade.warnings)
    if findings:
        yield from ("", "**Lint would say**", "")
    for finding in findings:
        remedy = f": {finding.help}" if finding.help else ""
        yield f"- {_cell(f'{finding}{remedy}')}"
    if last := ending(upgrade, written=written):
        yield from ("", _cell(last))


def _table(head: tuple[str, ...]) -> Iterator[str]:
    yield from ("", _cells(*head), "|" + "---|" * len(head))


def _cells(*texts: str) -> str:
    return f"| {' | '.join(map(_cell, texts))} |"


def _cell(text: str) -> str:
    flat = " ".join(text.split())
    return flat.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
