"""JSON for programs: money as strings, so that no digit is lost. Keys are only ever added."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from router.catalog.compare import Comparison
from router.types import Finding
from router.upgrading.formats.words import stuck, why
from router.upgrading.moves import Move
from router.upgrading.upgrade import Effect, Upgrade

__all__ = ["render"]


def render(upgrade: Upgrade, *, written: bool = False) -> str:
    """One object."""
    whole = {
        "version": 1,
        "written": written,
        "files": [upgrade.shown(file) for file in sorted(upgrade.files)],
        "moves": [_move(upgrade, move) for move in upgrade.moves],
        "not_moved": [{**_move(upgrade, move), "reason": stuck(move)} for move in upgrade.stuck],
        "models": [_comparison(found) for found in upgrade.models],
        "tasks": [_effect(effect) for effect in upgrade.effects],
        "errors": [_finding(one) for one in upgrade.errors],
        "warnings": [_finding(one) for one in upgrade.warnings],
    }
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def _finding(one: Finding) -> dict[str, Any]:
    return {"rule": one.rule, "message": one.message, "place": str(one.span), "help": one.help}


def _move(upgrade: Upgrade, move: Move) -> dict[str, Any]:
    return {
        "file": upgrade.shown(move.span.file),
        "line": move.span.line,
        "column": move.span.column,
        "name": move.name,
        "from": move.old,
        "to": None if move.new is None else move.new.id,
        "why": why(move),
        "used_by": [{"task": task, "tier": tier} for task, tier in move.users],
    }


def _comparison(found: Comparison) -> dict[str, Any]:
    return {
        "from": found.old.id,
        "to": found.new.id,
        "token_factor": _text(found.token_factor),
        "prices": [
            {
                "kind": price.kind,
                "before": _text(price.before),
                "after": _text(price.after),
                "same_text": _text(price.same_text),
            }
            for price in found.prices
        ],
        "facts": [
            {"name": fact.name, "before": fact.before, "after": fact.after} for fact in found.facts
        ],
    }


def _effect(effect: Effect) -> dict[str, Any]:
    bounds = effect.bounds
    return {
        "task": effect.task,
        "best": {"before": _text(bounds.best_before), "after": _text(bounds.best_after)},
        "worst": {"before": _text(bounds.worst_before), "after": _text(bounds.worst_after)},
        "tiers": [
            {"tier": one.tier, "before": _text(one.before), "after": _text(one.after)}
            for one in bounds.tiers
        ],
        "unmeasured": list(bounds.unmeasured),
        "breakpoints": [
            {
                "tier": point.tier,
                "where": point.where,
                "tokens": {"before": point.tokens_before, "after": point.tokens_after},
                "caches": {"before": point.caches_before, "after": point.caches_after},
            }
            for point in effect.breakpoints
        ],
        "cold_caches": [
            {
                "tier": cold.tier,
                "breakpoints": list(cold.breakpoints),
                "tokens": cold.tokens,
                "cost": _text(cold.cost),
            }
            for cold in effect.caches
        ],
        "warnings": list(effect.warnings),
        "notes": list(effect.notes),
    }


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount:f}"
