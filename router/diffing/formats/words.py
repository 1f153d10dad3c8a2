"""Phrases that text and Markdown share."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from router.diffing.changes import Bounds, Change, ColdCache, Report, TaskDiff, Traffic
from router.diffing.sharing import Shared
from router.diffing.verdict import many, usd

__all__ = [
    *("OF_COSTS", "bound_lines", "cache_line", "change_line", "cost_cell", "cost_lines"),
    *("headline", "shared_by", "traffic_lines"),
]

_MOST_NAMES = 20
OF_COSTS = "costs are estimates, with inputs at their longest"  # said once, below all of them


def headline(report: Report) -> str:
    """What a reader has to know first."""
    differ = [task for task in report.tasks if task.behaves]
    if not differ and not report.tasks:
        if report.layout:
            return "nothing behaves differently: only comments, layout or files of no task differ"
        return "nothing differs"
    if not differ:
        count = many(len(report.tasks), "task")
        return f"nothing behaves differently: {count} only written or labelled differently"
    total = report.same + len(report.tasks)
    verb = "behaves" if len(differ) == 1 else "behave"
    said = f"{len(differ)} of {many(total, 'task')} {verb} differently"
    breaking = [task for task in differ if task.breaks]
    if breaking:
        names = ", ".join(task.name for task in breaking[:5])
        more = f" and {len(breaking) - 5} more" if len(breaking) > 5 else ""
        said += f"; callers or consumers break: {names}{more}"
    months = [task.traffic for task in report.tasks if task.traffic is not None]
    if months:
        before = sum((one.before for one in months), Decimal(0))
        after = sum((one.after for one in months), Decimal(0))
        said += f"; a month of recorded traffic: {_moved(before, after)}"
    return said


def shared_by(group: Shared) -> str:
    """Whom lines are told for."""
    names = ", ".join(group.tasks[:_MOST_NAMES])
    more = len(group.tasks) - _MOST_NAMES
    return f"in {len(group.tasks)} tasks ({names}{f' and {more} more' if more > 0 else ''})"


def change_line(change: Change) -> str:
    """Where and what, without saying twice what the kind or the phrase already says."""
    where = change.where
    if not where or where == change.kind.value or change.what.startswith(where):
        return change.what
    return f"{where}: {change.what}"


def cache_line(cache: ColdCache) -> str:
    """Which prefixes of a tier go cold, why, and what writing them costs."""
    one = len(cache.breakpoints) == 1
    verb = f"{'goes' if one else 'go'} cold ({cache.why})"
    if not cache.sure:
        verb = f"may go cold ({cache.why})"
    if cache.first:
        verb = f"{'is' if one else 'are'} cached from now on"
    places = " and ".join(cache.breakpoints)
    price = "no price is known" if cache.cost is None else f"{usd(cache.cost)} USD"
    return (
        f"tier {cache.tier}: {places} {verb}; "
        f"one write of about {cache.tokens:,} tokens costs {price}"
    )


def cost_lines(task: TaskDiff) -> Iterator[str]:
    """How the bounds move, and what moves within them."""
    if task.bounds is None:
        return
    yield from bound_lines(task.bounds)
    signs = {change.escalates for change in task.changes} - {0}
    if signs:
        more = "more runs escalate and cost more"
        fewer = "fewer runs escalate and cost less"
        said = (
            "other runs escalate than before" if len(signs) > 1 else more if 1 in signs else fewer
        )
        hint = "" if task.traffic is not None else "; --ledger says what that comes to"
        yield f"within these bounds {said}{hint}"


def bound_lines(bounds: Bounds) -> Iterator[str]:
    """How the cost of a run moves, and of one attempt on each tier whose cost does."""
    sums = (
        (bounds.best_before, bounds.best_after),
        (bounds.worst_before, bounds.worst_after),
    )
    if not any(_visible(*pair) for pair in sums):
        yield "the bounds of a run are as before"
        return
    best = _moved(bounds.best_before, bounds.best_after)
    worst = _moved(bounds.worst_before, bounds.worst_after)
    yield f"a run at best {best}, at worst {worst}"
    for tier in bounds.tiers:
        if _visible(tier.before, tier.after):
            yield f"one attempt on {tier.tier} {_moved(tier.before, tier.after)}"
    if bounds.unmeasured:
        yield f"without {', '.join(bounds.unmeasured)}: no bound is known"


def cost_cell(task: TaskDiff) -> str:
    """The worst case in a few words, for a table."""
    bounds = task.bounds
    if bounds is None:
        return "as before"
    if bounds.worst_before is None and bounds.worst_after is None:
        return "unknown"
    if not _visible(bounds.worst_before, bounds.worst_after):
        return "as before"
    return _moved(bounds.worst_before, bounds.worst_after)


def traffic_lines(traffic: Traffic) -> Iterator[str]:
    """The month that the ledger lets expect, and on what that rests."""
    days = "a day" if traffic.days <= 1 else f"{traffic.days:.3g} days"
    runs = f"{many(traffic.runs, 'run')} in {days}"
    yield f"a month of this traffic ({runs}): {_moved(traffic.before, traffic.after)}"
    if traffic.emulated:
        yield (
            f"{traffic.emulated:,} of {traffic.attempts:,} attempts are emulated: "
            "their tokens are not those of real answers"
        )
    yield from (f"assumed: {one}" for one in traffic.assumptions)


def _visible(before: Decimal | None, after: Decimal | None) -> bool:
    """Whether two amounts differ in what is printed of them."""
    if before is None or after is None:
        return before is not after
    return usd(before) != usd(after)


def _moved(before: Decimal | None, after: Decimal | None) -> str:
    if before is None or after is None:
        known = after if before is None else before
        word = "new, " if before is None else "gone, was "
        return "unknown" if known is None else f"{word}{usd(known)} USD"
    if not _visible(before, after):
        return f"{usd(after)} USD as before"
    change = ""
    if before:
        percent = (after / before - 1) * 100
        change = f" ({percent:+.0f}%)" if abs(percent) >= 1 else ""
    return f"{usd(before)} → {usd(after)} USD{change}"
