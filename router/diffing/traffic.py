"""What a month of the recorded traffic would cost under either side.

An expectation, not a bound: the runs of the ledger again, as many and with texts as long, priced
for what each side would send. What it cannot know (how another model or prompt would answer) it
leaves as recorded and says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, NamedTuple

from router.catalog.tokens import token_factor
from router.compiler.compilation import CompiledTask
from router.compiler.model import Tier
from router.diffing.changes import Traffic
from router.diffing.judging import Judged
from router.diffing.ladders import pair_tiers, shown
from router.diffing.relaying import Layout, Sender, layout, relaid, scaled, usage_of
from router.errors import CatalogError
from router.ledger.reading import AttemptFacts
from router.rules.sizes import attempt_cost

__all__ = ["Recorded", "months"]

_DAY: Final = 86_400.0
_MONTH: Final = 30.0  # days
_LIVES: Final = {"5m": 300.0, "1h": 3600.0}
_BARE: Final = Layout(0, 0, 0)


class Recorded(NamedTuple):
    """The attempts of a window, by run and number; may be asked for them several times.

    Args:
        since, until: the window, in seconds since the epoch.
    """

    attempts: Callable[[], Iterable[AttemptFacts]]
    since: float
    until: float


def months(
    pairs: Iterable[tuple[CompiledTask | None, CompiledTask | None]],
    old: Judged,
    new: Judged,
    recorded: Recorded,
) -> dict[str, Traffic]:
    """The month of each task that was there before and has traffic, by its name then.

    Raises:
        LedgerError: the ledger cannot be read.
    """
    books = {
        before.task.name: _Book(before, after, old, new)
        for before, after in pairs
        if before is not None
    }
    for row in recorded.attempts():
        if row.task in books:
            books[row.task].look(row)
    for book in books.values():
        book.settle_caches()
    for row in recorded.attempts():
        if row.task in books:
            books[row.task].add(row)
    return {name: book.month(recorded) for name, book in books.items() if book.attempts}


class _Amounts(NamedTuple):
    """What something costs on either side, in USD."""

    before: Decimal
    after: Decimal


_NOTHING: Final = _Amounts(Decimal(0), Decimal(0))


@dataclass(slots=True)
class _Route:
    """From a tier of OLD to the tier of NEW that takes its calls."""

    old: Sender
    new: Sender | None
    was: Layout
    now: Layout
    times: list[float] = field(default_factory=list)  # only where caching begins
    hits: float = 0.0  # expected share of calls that then find the cache

    @property
    def begins(self) -> bool:
        """Whether something is cached that was not before."""
        return not self.was.cached and self.now.cached > 0

    def after(self, row: AttemptFacts) -> Decimal:
        """What the attempt would cost on the new side."""
        if self.new is None:
            return Decimal(0)
        made = self.new.facts.catalog.get(row.model)
        usage = scaled(usage_of(row), made, self.new.model)
        if not self.begins:
            return self.new.price(relaid(usage, self.was, self.now))
        hit = self.new.price(relaid(usage, self.was, self.now, hit=True))
        miss = self.new.price(relaid(usage, self.was, self.now, hit=False))
        share = Decimal(repr(self.hits))
        return hit * share + miss * (1 - share)

    def before(self, row: AttemptFacts) -> Decimal:
        """What the attempt would cost on the old side, at the prices of today."""
        made = self.old.facts.catalog.get(row.model)
        return self.old.price(scaled(usage_of(row), made, self.old.model))


class _Book:
    """What one task's rows come to."""

    def __init__(
        self, before: CompiledTask, after: CompiledTask | None, old: Judged, new: Judged
    ) -> None:
        self._old, self._new = before, after
        self._routes = dict(_routes(before, after, old, new))
        self._thresholds = list(_thresholds(before, after))
        self.attempts = self._runs = self._emulated = self._unknown = self._foreign = 0
        self._before = self._after = Decimal(0)
        self._first: float | None = None
        self._run = ""
        self._of_run: dict[str, _Amounts] = {}  # by tier of the run at hand
        self._onward: dict[str, tuple[_Amounts, int]] = {}  # cost from a tier on, and runs there

    def look(self, row: AttemptFacts) -> None:
        """The first reading: when calls came that may find a new cache."""
        route = self._routes.get(row.tier)
        if route is not None and route.begins:
            route.times.append(row.run_started_at)

    def settle_caches(self) -> None:
        """How many of those calls had another within the lifetime before them."""
        for route in self._routes.values():
            if not route.times:
                continue
            route.times.sort()
            life = _LIVES["1h" if route.now.cached_1h else "5m"]
            gaps = [b - a for a, b in zip(route.times, route.times[1:], strict=False)]
            route.hits = sum(gap <= life for gap in gaps) / len(route.times)

    def add(self, row: AttemptFacts) -> None:
        """The second reading: what the attempt costs on both sides."""
        self.attempts += 1
        self._emulated += row.emulated
        self._first = min(row.run_started_at, self._first or row.run_started_at)
        if row.run_id != self._run:
            self._runs += 1
            self._close_run()
            self._run = row.run_id
        before = after = row.cost
        route = self._routes.get(row.tier)
        if route is None:
            self._foreign += 1
        elif not row.usage_known:
            self._unknown += 1
        else:
            try:
                before, after = route.before(row), route.after(row)
            except CatalogError:
                self._foreign += 1
        self._before += before
        self._after += after
        so_far = self._of_run.get(row.tier, _NOTHING)
        self._of_run[row.tier] = _Amounts(so_far.before + before, so_far.after + after)
        for threshold in self._thresholds:
            threshold.count(row)

    def _close_run(self) -> None:
        """What the run cost from each tier that it visited."""
        onward = _NOTHING
        for tier in reversed(self._old.task.tiers):
            if tier.name in self._of_run:
                own = self._of_run[tier.name]
                onward = _Amounts(onward.before + own.before, onward.after + own.after)
                total, count = self._onward.get(tier.name, (_NOTHING, 0))
                both = _Amounts(total.before + onward.before, total.after + onward.after)
                self._onward[tier.name] = (both, count + 1)
        self._of_run = {}

    def month(self, recorded: Recorded) -> Traffic:
        """All of it, brought to thirty days."""
        self._close_run()
        first = max(recorded.since, self._first or recorded.since)
        days = max(1.0, (recorded.until - first) / _DAY)
        scale = Decimal(repr(_MONTH / days))
        before, after, moved = self._before, self._after, 0
        for threshold in self._thresholds:
            visit = self._visit(threshold.to)
            before += threshold.more_before * visit.before
            after += threshold.more_after * visit.after
            moved += threshold.more_after - threshold.more_before
        return Traffic(
            runs=self._runs,
            attempts=self.attempts,
            days=days,
            before=before * scale,
            after=after * scale,
            escalations=moved * _MONTH / days,
            emulated=self._emulated,
            assumptions=tuple(self._assumptions()),
        )

    def _visit(self, name: str | None) -> _Amounts:
        """What a run costs from a tier of OLD on: as recorded, else one call's bound."""
        route = self._routes.get(name or "")
        if route is None or route.new is None:
            return _NOTHING
        total, count = self._onward.get(route.old.tier.name, (_NOTHING, 0))
        if count:
            return _Amounts(total.before / count, total.after / count)
        return _Amounts(_bound(route.old), _bound(route.new))

    def _assumptions(self) -> Iterator[str]:
        if self._new is None:
            yield "nothing takes the place of a task that is removed"
            return
        yield "as many runs, with answers as long, as were recorded; prices of today"
        for route in self._routes.values():
            yield from _about(route)
        for threshold in self._thresholds:
            yield from threshold.said(self._onward, self._routes)
        if self._unknown:
            yield f"attempts of unknown usage ({self._unknown}) count as they were charged"
        if self._foreign:
            yield f"attempts on tiers that OLD lacks ({self._foreign}) count as they were charged"


def _bound(sender: Sender) -> Decimal:
    return attempt_cost(sender.compiled, sender.facts, sender.tier) or Decimal(0)


def _about(route: _Route) -> Iterator[str]:
    """What had to be assumed about one tier."""
    if route.new is None:
        return
    name, old, new = route.new.tier.name, route.old.model, route.new.model
    if old is not None and new is not None and old.id != new.id:
        factor = token_factor(old, new)
        if factor is not None and factor != 1:
            yield f"{name}: {factor.quantize(Decimal('0.01'))} tokens of {new.id} for each before"
        yield f"{name}: {new.id} escalates as often as {old.id} did"
    if route.begins and route.times:
        yield f"{name}: {route.hits:.0%} of calls find the new cache, by when they came"
    elif route.was != route.now:
        yield f"{name}: the cache is found as often as it was"
    if route.old.tier.name != name and route.old.tier.model != route.new.tier.model:
        yield f"calls of `{route.old.tier.name}` go to `{name}`"


def _routes(
    before: CompiledTask, after: CompiledTask | None, old: Judged, new: Judged
) -> Iterator[tuple[str, _Route]]:
    if after is None:
        for tier in before.task.tiers:
            yield tier.name, _Route(Sender(before, tier, old.facts), None, _BARE, _BARE)
        return
    pairs = {pair.old.name: pair.new for pair in pair_tiers(before.task, after.task) if pair.old}
    for index, tier in enumerate(before.task.tiers):
        heirs = (pairs[one.name] for one in before.task.tiers[index:])
        heir: Tier = next((one for one in heirs if one is not None), after.task.tiers[-1])
        sender, to = Sender(before, tier, old.facts), Sender(after, heir, new.facts)
        yield tier.name, _Route(sender, to, layout(sender, to.model), layout(to, to.model))


# --- thresholds ------------------------------------------------------------------------------


@dataclass(slots=True)
class _Threshold:
    """A tier's threshold before and after, and what the recorded confidences say of both.

    Rows tell whether their run left the tier for its confidence. Where a side would have decided
    otherwise, it pays for one visit of the next tier more, or fewer, than the rows have.
    """

    tier: str
    old: float
    new: float
    to: str | None  # a tier of OLD
    seen: int = 0
    below_old: int = 0
    below_new: int = 0
    left: int = 0
    between: int = 0

    def count(self, row: AttemptFacts) -> None:
        sure = row.confidence
        if row.tier != self.tier or sure is None:
            return
        self.seen += 1
        self.below_old += sure < self.old
        self.below_new += sure < self.new
        left_for_it = row.escalation is not None and row.escalation.startswith("confidence ")
        if (sure < self.old) != (sure < self.new) and (left_for_it or row.escalation is None):
            self.between += 1
            self.left += left_for_it

    @property
    def more_before(self) -> int:
        """Visits of the next tier that OLD makes and the rows do not have; may be negative."""
        return (self.between if self.old > self.new else 0) - self.left

    @property
    def more_after(self) -> int:
        """The same for NEW."""
        return (self.between if self.new > self.old else 0) - self.left

    def said(self, book: Mapping[str, object], routes: Mapping[str, _Route]) -> Iterator[str]:
        """What was counted and assumed. `book` has the tiers that some run came to."""
        yield (
            f"{self.tier}: {self.below_old} of {self.seen} recorded confidences lie below "
            f"{shown(self.old)}, {self.below_new} below {shown(self.new)}"
        )
        route = routes[self.tier]
        if route.new is not None and route.old.tier.model != route.new.tier.model:
            yield f"{self.tier}: another model is as confident as the one recorded"
        if self.between and self.to is not None and self.to not in book:
            yield f"{self.to}: no run came there, so a visit counts at its bound"


def _thresholds(before: CompiledTask, after: CompiledTask | None) -> Iterator[_Threshold]:
    if after is None:
        return
    pairs = pair_tiers(before.task, after.task)
    was = {pair.new.name: pair.old.name for pair in pairs if pair.old and pair.new}
    for pair in pairs:
        if pair.old is None or pair.new is None:
            continue
        old, new = _highest(pair.old), _highest(pair.new)
        if old != new:
            to = next((rule.to for rule in pair.old.escalate if rule.below is not None), None)
            if to is None:
                following = (r.to for r in pair.new.escalate if r.below is not None and r.to)
                to = was.get(next(following, ""))
            yield _Threshold(pair.old.name, old, new, to)


def _highest(tier: Tier) -> float:
    """Below this a run leaves the tier."""
    return max((rule.below for rule in tier.escalate if rule.below is not None), default=0.0)
