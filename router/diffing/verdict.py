"""One line per task: what happens, for somebody who has not seen the change."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from router.diffing.changes import Change, ColdCache, Kind, TaskDiff

__all__ = ["many", "usd", "verdict"]

_MOST = 3  # phrases before "and N more"
_SHORT = 76  # characters of a phrase


def verdict(diff: TaskDiff) -> str:
    """What happens to a task, without its name."""
    if diff.status == "added":
        return f"new{_worst(diff)}"
    if diff.status == "removed":
        return "removed: callers get UnknownTask"
    if not diff.behaves:
        what = "; ".join(_short(change) for change in diff.changes)
        return f"behaves the same: {what}"
    told = [change for change in diff.changes if change.behaves]
    phrases = [_short(change) for change in told[:_MOST]]
    if len(told) > _MOST:
        phrases.append(f"and {many(len(told) - _MOST, 'more change')}")
    head = "behaves differently"
    kinds = {change.kind for change in told if change.breaks == "yes"}
    whose = ["callers"] if kinds & {Kind.TASK, Kind.INPUT, Kind.LADDER} else []
    whose += ["consumers"] if Kind.OUTPUT in kinds else []
    if whose:
        head = f"breaks {' and '.join(whose)}"
    return f"{head}: {', '.join(phrases)}{''.join(_effects(diff))}"


def _short(change: Change) -> str:
    on = f" on {change.where}" if change.where.startswith("tier ") else ""
    named = bool(on) or not change.where or change.what.startswith(change.where)
    text = f"{change.what}{on}" if named else f"{change.where}: {change.what}"
    if len(text) <= _SHORT:
        return text
    head = text[: _SHORT - 1]  # what is left ends with a whole difference, or at least a whole word
    ends = [end for end in ("; ", " ") if end in head]
    return f"{head.rsplit(ends[0], 1)[0] if ends else head}…"


def _effects(diff: TaskDiff) -> Iterator[str]:
    cheaper = _dearer(diff)
    if cheaper:
        yield f"; {cheaper}"
    lost = [cache for cache in diff.caches if cache.sure and not cache.first]
    if lost:
        yield f"; the caches of {many(len(lost), 'tier')} go cold once, {_cost(lost)} USD"
    begun = [cache for cache in diff.caches if cache.first]
    if begun:
        yield f"; caching begins on {many(len(begun), 'tier')}, {_cost(begun)} USD once"


def _cost(caches: list[ColdCache]) -> str:
    return usd(sum((cache.cost for cache in caches if cache.cost is not None), Decimal(0)))


def _dearer(diff: TaskDiff) -> str:
    """How the dearest run changes; the first tier's attempt where that says nothing."""
    found = diff.bounds
    if found is None or not found.worst_before or found.worst_after is None:
        return ""
    ratio = _ratio(found.worst_before, found.worst_after)
    if found.best_before and found.best_after is not None:
        best = _ratio(found.best_before, found.best_after)
        if _percent(best) != _percent(ratio):
            said = [_said(best, "at best"), _said(ratio, "at worst")]
            return " and ".join(one for one in said if one)
    return _said(ratio, "a run")


def _ratio(before: Decimal, after: Decimal) -> Decimal:
    """What an amount is multiplied with; 1 where the two look the same wherever they are shown."""
    return after / before if usd(before) != usd(after) else Decimal(1)


def _said(ratio: Decimal, when: str) -> str:
    percent = _percent(ratio)
    if percent == 0:
        return ""
    if ratio >= 3:
        return f"about {ratio:.1f} times as dear {when}"
    return f"about {abs(percent)}% {'dearer' if percent > 0 else 'cheaper'} {when}"


def _percent(ratio: Decimal) -> int:
    return round((ratio - 1) * 100)


def _worst(diff: TaskDiff) -> str:
    found = diff.bounds
    if found is None or found.worst_after is None:
        return ""
    return f", at most about {usd(found.worst_after)} USD a run"


def usd(amount: Decimal) -> str:
    """An estimated amount: two significant digits below a cent, else four decimals at most."""
    if not amount:
        return "0"
    digits = 4 if abs(amount) >= Decimal("0.001") else 1 - amount.adjusted()
    return f"{amount:.{digits}f}".rstrip("0").rstrip(".")


def many(count: int, what: str) -> str:
    """A number of things."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
