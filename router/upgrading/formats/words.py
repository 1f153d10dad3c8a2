"""Phrases that text and Markdown share."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from router.catalog.compare import Comparison, PriceChange
from router.diffing.formats.words import bound_lines, cache_line
from router.diffing.verdict import many
from router.upgrading.moves import Move
from router.upgrading.upgrade import Breakpoint, Effect, Upgrade

__all__ = ["effect_rows", "ending", "headline", "model_rows", "place", "stuck", "users", "why"]


def headline(upgrade: Upgrade) -> str:
    """What a reader has to know first."""
    if not upgrade.moves and not upgrade.stuck:
        return "nothing to upgrade"
    tasks = {task for move in upgrade.moves for task, _ in move.users}
    return f"{many(len(upgrade.moves), 'pin')} to move, {many(len(tasks), 'task')} concerned"


def ending(upgrade: Upgrade, *, written: bool) -> str:
    """What has happened, or what to do next."""
    if upgrade.errors:
        count = many(len(upgrade.errors), "error")
        return f"not written: {count} would come of it; mend the policies, or move fewer pins"
    if written:
        return f"written: {', '.join(map(upgrade.shown, sorted(upgrade.files)))}"
    return "nothing is written yet: --write does it" if upgrade.files else ""


def place(upgrade: Upgrade, move: Move) -> str:
    """Where the pin stands, as a terminal can open it."""
    return f"{upgrade.shown(move.span.file)}:{move.span.line}:{move.span.column}"


def why(move: Move) -> str:
    """What the catalog says of the old model, or that one wants another."""
    verdict = move.verdict
    if verdict.kind == "retired":
        return f"retired on {verdict.since}" if verdict.since else "retired"
    if verdict.retires is not None:
        return f"retires on {verdict.retires}, in {many(verdict.days_left or 0, 'day')}"
    if verdict.kind == "retiring":
        return "deprecated, without a date yet"
    return "asked for" if move.chosen else "a newer model of its family is there"


def stuck(move: Move) -> str:
    """Why a pin is not moved."""
    if move.new is None:
        return f"{move.old}: no model is known to move to; choose one with --to"
    return f"{move.old}: write {move.new.id} by hand, the place has an anchor or several lines"


def users(move: Move) -> str:
    """The tasks that the place decides for, each with its tiers."""
    tiers: dict[str, list[str]] = {}
    for task, tier in move.users:
        tiers.setdefault(task, []).append(tier)
    return ", ".join(f"{task} ({', '.join(names)})" for task, names in tiers.items())


def model_rows(found: Comparison) -> Iterator[tuple[str, str, str, str]]:
    """What differs between two models: fact, before, after, and what is to be said of it."""
    for price in found.prices:
        if price.before != price.after or price.same_text not in (None, 1):
            yield f"{price.kind}, USD/M", *_amounts(price), _same_text(price, found.token_factor)
    for fact in found.facts:
        note = ""
        if fact.name == "tokenizer" and found.token_factor is not None:
            note = f"about {_percent(found.token_factor)} tokens for the same text"
        yield fact.name, fact.before, fact.after, note


def effect_rows(effect: Effect) -> Iterator[tuple[str, str]]:
    """What a task has of it: kind and phrase."""
    for number, line in enumerate(bound_lines(effect.bounds)):
        yield "" if number else "cost", line
    for point in effect.breakpoints:
        yield "cache", _breakpoint(point)
    for cold in effect.caches:
        yield "cache", cache_line(cold)
    for warning in effect.warnings:
        yield "warning", warning
    for note in effect.notes:
        yield "note", note


def _breakpoint(point: Breakpoint) -> str:
    before, after = (_caches(one) for one in (point.caches_before, point.caches_after))
    tokens = f"{point.tokens_after:,} tokens"
    if point.tokens_before != point.tokens_after:
        tokens = f"{point.tokens_before:,} → {tokens}"
    caching = f"{after} as before" if before == after else f"{before} → {after}"
    return f"tier {point.tier}: {point.where} about {tokens}, {caching}"


def _caches(able: bool | None) -> str:
    return "minimum not published" if able is None else "cached" if able else "too short to cache"


def _amounts(price: PriceChange) -> tuple[str, str]:
    return f"{price.before:f}", f"{price.after:f}"


def _same_text(price: PriceChange, factor: Decimal | None) -> str:
    if price.same_text is None:
        return ""
    said = f"{_percent(price.same_text)} for the same text"
    return said if factor is not None else f"{said}, if it has as many tokens"


def _percent(ratio: Decimal) -> str:
    return f"{(ratio - 1) * 100:+.0f}%"
