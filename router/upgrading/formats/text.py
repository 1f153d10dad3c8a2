"""Text for people: the pins, the models side by side, then each task."""

from __future__ import annotations

from collections.abc import Iterator

from router.diffing.formats.words import OF_COSTS
from router.diffing.texts import printable
from router.lint.report import Report
from router.lint.reporters import text as lint_text
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

_BOLD, _DIM, _PLAIN = "\x1b[1m", "\x1b[2m", "\x1b[0m"


def render(upgrade: Upgrade, *, written: bool = False, color: bool = False) -> str:
    """The upgrade for a terminal or a pipe."""
    blocks = [[headline(upgrade)], *_moves(upgrade, color), *_models(upgrade, color)]
    blocks += _effects(upgrade, color)
    if upgrade.effects:
        blocks.append([_paint(OF_COSTS, _DIM, color)])
    findings = (*upgrade.errors, *upgrade.warnings)
    if findings:
        found = lint_text.render(Report(findings), color=color).rstrip("\n")
        blocks.append(["lint would say:", "", found])
    if last := ending(upgrade, written=written):
        blocks.append([last])
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def _moves(upgrade: Upgrade, color: bool) -> Iterator[list[str]]:
    for move in upgrade.moves:
        name = f"{printable(move.name)}: " if move.name else ""
        new = move.new.id if move.new is not None else ""
        head = f"{_paint(place(upgrade, move), _BOLD, color)}: {name}{move.old} → {new}"
        yield [head, _row("why", why(move), color), _row("used by", users(move), color)]
    for move in upgrade.stuck:
        yield [f"{_paint(place(upgrade, move), _BOLD, color)}: not moved: {stuck(move)}"]


def _models(upgrade: Upgrade, color: bool) -> Iterator[list[str]]:
    for found in upgrade.models:
        rows = [(name, f"{was} → {now}", said) for name, was, now, said in model_rows(found)]
        wide = max((len(name) for name, *_ in rows), default=0)
        lines = [
            f"  {_paint(name.ljust(wide), _DIM, color)}  {change}{f'  ({said})' if said else ''}"
            for name, change, said in rows
        ]
        yield [_paint(f"{found.old.id} → {found.new.id}", _BOLD, color), *lines]


def _effects(upgrade: Upgrade, color: bool) -> Iterator[list[str]]:
    for effect in upgrade.effects:
        rows = [_row(kind, printable(phrase), color) for kind, phrase in effect_rows(effect)]
        yield [_paint(printable(effect.task), _BOLD, color), *rows]


def _row(kind: str, phrase: str, color: bool) -> str:
    return f"  {_paint(f'{kind:<8}', _DIM, color)} {phrase}".rstrip()


def _paint(text: str, code: str, color: bool) -> str:
    return f"{code}{text}{_PLAIN}" if color and text.strip() else text
