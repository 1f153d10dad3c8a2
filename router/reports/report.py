"""What runs cost and how they went, by task, tier, model, tag or time. Sums are exact."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, Inexact
from functools import lru_cache

from router.errors import UsageError
from router.ledger.reading import INTERRUPTED, AttemptFacts, RunFacts, tags_of
from router.types import Usage

__all__ = ["DIMENSIONS", "Group", "Latency", "Report", "TierShare", "summarise"]

DIMENSIONS = ("task", "tier", "model", "tag", "week", "day")
"""What a report can be grouped by; `tag:NAME` groups by one tag's values."""

# Costs have a dozen digits or so. Two hundred hold any sum of them; a sum that would not be
# exact even so raises, rather than be a little wrong.
_exact = Context(prec=200, Emin=MIN_EMIN, Emax=MAX_EMAX, traps=[Inexact])


_UNSETTLED = ("reserved", INTERRUPTED)


@dataclass(frozen=True, slots=True)
class Latency:
    """Percentiles in seconds, each a latency that was measured (nearest rank)."""

    count: int
    p50: float
    p95: float
    p99: float


@dataclass(frozen=True, slots=True)
class Group:
    """The attempts and runs of one line of a report.

    Runs are those that ended here: by tier and model, those whose result is of this one. Every
    attempt counts toward `cost`, failed and interrupted ones included. Money is in USD.
    """

    name: str
    runs: int
    visits: int  # runs that made an attempt here, ended or not
    attempts: int
    usage: Usage
    cost: Decimal
    runs_cost: Decimal  # of the runs that ended here, all their attempts
    top_cost: Decimal  # the same runs' tokens at the top tier's price
    escalated: int  # visits with an attempt that was left for another tier
    failed: int
    refused: int
    cancelled: int
    interrupted: int
    under_way: int
    usage_unknown: int  # settled attempts that are charged at their reservation
    emulated: int  # attempts whose replies were not real
    latency: Latency | None  # of answered attempts
    run_latency: Latency | None

    @property
    def cache_hit_rate(self) -> float | None:
        """Share of prompt tokens that were read from a cache."""
        prompt = self.usage.prompt_tokens
        return self.usage.cache_read_tokens / prompt if prompt else None

    @property
    def escalation_rate(self) -> float | None:
        return self.escalated / self.visits if self.visits else None

    @property
    def saved(self) -> float | None:
        """Share of the top tier's cost that was not spent; negative where more was spent."""
        return float(1 - self.runs_cost / self.top_cost) if self.top_cost else None


@dataclass(frozen=True, slots=True)
class TierShare:
    """How much of the traffic one tier answered, and what its attempts cost."""

    tier: str
    runs: int
    share: float  # of the runs that ended with an answer
    cost: Decimal  # of attempts on this tier, whichever answered in the end


@dataclass(frozen=True, slots=True)
class Report:
    """Groups, dearest first or in order of time, and their total.

    With `by="tag"` a run counts once for each of its tags; the total counts it once.
    """

    by: str
    since: float | None  # seconds since the epoch
    until: float
    groups: tuple[Group, ...]
    total: Group
    tiers: tuple[TierShare, ...]
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class _Sum:
    """A group under construction. Rows come ordered by run, so that runs need no set."""

    name: str
    runs: int = 0
    visits: int = 0
    attempts: int = 0
    tokens: list[int] = field(default_factory=lambda: [0] * 6)
    cost: Decimal = Decimal(0)
    runs_cost: Decimal = Decimal(0)
    top_cost: Decimal = Decimal(0)
    escalated: int = 0
    refused: int = 0
    usage_unknown: int = 0
    emulated: int = 0
    statuses: dict[str, int] = field(default_factory=dict)
    latencies: array[float] = field(default_factory=lambda: array("d"))
    run_latencies: array[float] = field(default_factory=lambda: array("d"))
    last_run: str = ""
    last_escalated: str = ""

    def add_attempt(self, a: AttemptFacts) -> None:
        self.attempts += 1
        self.cost = _exact.add(self.cost, a.cost)
        self.statuses[a.status] = self.statuses.get(a.status, 0) + 1
        tokens = self.tokens
        tokens[0] += a.input_tokens
        tokens[1] += a.output_tokens
        tokens[2] += a.cache_write_5m_tokens
        tokens[3] += a.cache_write_1h_tokens
        tokens[4] += a.cache_read_tokens
        tokens[5] += a.thinking_tokens
        if a.run_id != self.last_run:
            self.last_run = a.run_id
            self.visits += 1
        if a.escalation is not None and a.run_id != self.last_escalated:
            self.last_escalated = a.run_id
            self.escalated += 1
        if a.status == "answered":
            self.latencies.append(a.latency)
        self.refused += a.stop_reason == "refusal"
        self.emulated += a.emulated
        self.usage_unknown += not a.usage_known and a.status not in _UNSETTLED

    def add_run(self, r: RunFacts) -> None:
        self.runs += 1
        self.runs_cost = _exact.add(self.runs_cost, r.cost)
        self.top_cost = _exact.add(self.top_cost, r.top_cost)
        self.run_latencies.append(r.latency)

    def group(self) -> Group:
        status = self.statuses.get
        return Group(
            name=self.name,
            runs=self.runs,
            visits=self.visits,
            attempts=self.attempts,
            usage=Usage(*self.tokens),
            cost=self.cost,
            runs_cost=self.runs_cost,
            top_cost=self.top_cost,
            escalated=self.escalated,
            failed=status("failed", 0),
            refused=self.refused,
            cancelled=status("cancelled", 0),
            interrupted=status(INTERRUPTED, 0),
            under_way=status("reserved", 0),
            usage_unknown=self.usage_unknown,
            emulated=self.emulated,
            latency=_latency(self.latencies),
            run_latency=_latency(self.run_latencies),
        )


def summarise(
    attempts: Iterable[AttemptFacts],
    runs: Iterable[RunFacts],
    *,
    by: str,
    since: float | None = None,
    until: float = math.inf,
    notes: Iterable[str] = (),
) -> Report:
    """The report over some rows, each kind ordered by run as a `LedgerReader` gives them.

    Raises:
        UsageError: `by` is none of DIMENSIONS, nor `tag:NAME`.
    """
    names = _names_by(by)
    total = _Sum("total")
    groups: dict[str, _Sum] = {}
    tier_cost: dict[str, Decimal] = {}
    tier_runs: dict[str, int] = {}
    for attempt in attempts:
        total.add_attempt(attempt)
        tier_cost[attempt.tier] = _exact.add(tier_cost.get(attempt.tier, Decimal(0)), attempt.cost)
        for name in names(attempt, attempt.run_started_at):
            _sum_of(groups, name).add_attempt(attempt)
    for run in runs:
        total.add_run(run)
        if run.tier is not None:
            tier_runs[run.tier] = tier_runs.get(run.tier, 0) + 1
        for name in names(run, run.started_at):
            _sum_of(groups, name).add_run(run)
    done = [group.group() for group in groups.values()]
    if by in ("week", "day"):
        done.sort(key=lambda group: group.name)
    else:
        done.sort(key=lambda group: (-group.cost, group.name))
    whole = total.group()
    return Report(
        by=by,
        since=since,
        until=until,
        groups=tuple(done),
        total=whole,
        tiers=_shares(tier_runs, tier_cost),
        notes=(*_notes(whole), *notes),
    )


def _sum_of(groups: dict[str, _Sum], name: str) -> _Sum:
    if name not in groups:
        groups[name] = _Sum(name)
    return groups[name]


def _names_by(by: str) -> Callable[[AttemptFacts | RunFacts, float], Iterator[str]]:
    """Which groups a row belongs to: one, but for `tag`."""

    def of_field(row: AttemptFacts | RunFacts, _: float) -> Iterator[str]:
        yield getattr(row, by) or "(none)"

    def of_tag(row: AttemptFacts | RunFacts, _: float) -> Iterator[str]:
        yield from _tag_names(row.tags)

    def of_one_tag(row: AttemptFacts | RunFacts, _: float) -> Iterator[str]:
        yield _tag_value(row.tags, by.removeprefix("tag:"))

    def of_time(_: AttemptFacts | RunFacts, began: float) -> Iterator[str]:
        yield _period(by, int(began // 86400))

    if by in ("task", "tier", "model"):
        return of_field
    if by == "tag":
        return of_tag
    if by.startswith("tag:") and len(by) > len("tag:"):
        return of_one_tag
    if by in ("week", "day"):
        return of_time
    raise UsageError(f"a report is by {', '.join(DIMENSIONS)} or tag:NAME, not by {by!r}")


@lru_cache(4096)
def _tag_names(text: str) -> tuple[str, ...]:
    tags = tags_of(text)
    return tuple(f"{name}={value}" for name, value in tags.items()) or ("(no tags)",)


@lru_cache(4096)
def _tag_value(text: str, name: str) -> str:
    return tags_of(text).get(name, "(none)")


@lru_cache(4096)
def _period(by: str, day: int) -> str:
    """The name of a day since the epoch, or of its ISO week, in UTC."""
    date = datetime.fromtimestamp(day * 86400, UTC)
    if by == "day":
        return date.strftime("%Y-%m-%d")
    year, week, _ = date.isocalendar()
    return f"{year}-W{week:02}"


def _latency(values: array[float]) -> Latency | None:
    if not values:
        return None
    ordered = sorted(values)

    def rank(share: float) -> float:
        return ordered[max(0, math.ceil(share * len(ordered)) - 1)]

    return Latency(len(ordered), rank(0.50), rank(0.95), rank(0.99))


def _shares(runs: dict[str, int], cost: dict[str, Decimal]) -> tuple[TierShare, ...]:
    answered = sum(runs.values())
    shares = [
        TierShare(
            tier,
            runs.get(tier, 0),
            runs.get(tier, 0) / answered if answered else 0.0,
            cost.get(tier, Decimal(0)),
        )
        for tier in {*runs, *cost}
    ]
    return tuple(sorted(shares, key=lambda share: (-share.runs, -share.cost, share.tier)))


def _notes(total: Group) -> Iterator[str]:
    if total.emulated:
        yield (
            f"Emulated attempts: {total.emulated} of {total.attempts}"
            f" ({total.emulated / total.attempts:.0%}). Their replies are not real and nobody was"
            " billed; the prices are real."
        )
    if total.interrupted:
        yield (
            f"Interrupted attempts: {total.interrupted}. Their process ended before they did;"
            " they count at what was reserved for them."
        )
    if total.under_way:
        yield f"Attempts under way: {total.under_way}, counted at what is reserved for them."
    if total.usage_unknown:
        yield (
            f"Attempts whose usage is unknown: {total.usage_unknown}. They count at what was"
            " reserved for them; the API may have billed less."
        )
