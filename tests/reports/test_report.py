"""Reports: exact sums, honest rates, groups by every dimension, safe formats."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from contextlib import closing
from decimal import Context, Decimal, localcontext
from functools import reduce
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router import reports
from router.engine.effects import Record, RunRow
from router.errors import LedgerError, UsageError
from router.ledger.reading import LedgerReader
from router.ledger.sqlite import SQLiteLedger
from router.types import Attempt, AttemptStatus, Usage

NOW = 1_795_000_000.0  # 2026-11-18, a Wednesday
DAY = 86_400.0


def attempt(run: str, number: int = 1, **more: object) -> Attempt:
    fields: dict[str, object] = {
        "run_id": run,
        "number": number,
        "task": "classify",
        "tier": "haiku",
        "model": "claude-haiku-5-5",
        "status": AttemptStatus.ANSWERED,
        "cost": Decimal("0.01"),
        "usage": Usage(100, 10, 0, 0, 300, 0),
        "started_at": NOW,
        "latency": 1.0,
    }
    return Attempt(**(fields | more))  # type: ignore[arg-type]


def run_of(
    run: str,
    attempts: list[Attempt],
    tags: dict[str, str] | None = None,
    top: str = "0.10",
    **more: object,
) -> Record:
    tags = tags or {}
    last = attempts[-1]
    fields: dict[str, object] = {
        "run_id": run,
        "task": last.task,
        "revision": "rev",
        "status": "accepted",
        "tier": last.tier,
        "model": last.model,
        "confidence": None,
        "attempts": len(attempts),
        "usage": sum((a.usage for a in attempts), Usage()),
        "cost": reduce(Context(prec=100).add, (a.cost for a in attempts)),
        "started_at": attempts[0].started_at,
        "latency": sum(a.latency for a in attempts),
        "tags": tags,
        "top_cost": Decimal(top),
    }
    return Record(tuple(attempts), tags, "rev", RunRow(**(fields | more)))  # type: ignore[arg-type]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


def write(path: Path, *records: Record) -> None:
    with closing(SQLiteLedger(path)) as ledger:
        for record in records:
            ledger.write(record)


def groups(path: Path, by: str, **more: object) -> dict[str, reports.Group]:
    return {g.name: g for g in reports.build(path, by=by, now=NOW, **more).groups}  # type: ignore[arg-type]


# --- sums -------------------------------------------------------------------------------

# From nothing to far more digits than a binary float holds, with every exponent prices have.
costs = st.decimals(0, 10**9, allow_nan=False, places=15) | st.sampled_from(
    [Decimal(0), Decimal("1E-18"), Decimal("0.00000000000000000001"), Decimal(123456789012345)]
)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(costs, min_size=1, max_size=4), min_size=1, max_size=5), st.data())
def test_attempts_runs_and_report_add_up_exactly(
    ledger: list[list[Decimal]], data: st.DataObject
) -> None:
    """The sum over attempts is the sum over runs is the report's total, to the last digit."""
    tiers = st.sampled_from(["haiku", "sonnet", "opus"])
    records = [
        run_of(
            f"r{n}",
            [
                attempt(f"r{n}", k, cost=cost, tier=data.draw(tiers))
                for k, cost in enumerate(attempts, 1)
            ],
        )
        for n, attempts in enumerate(ledger)
    ]
    with tempfile.TemporaryDirectory() as folder, localcontext(prec=100):
        check_sums(Path(folder) / "ledger.db", ledger, records)


def check_sums(path: Path, ledger: list[list[Decimal]], records: list[Record]) -> None:
    write(path, *records)
    scaled = sum(int(cost.scaleb(30)) for attempts in ledger for cost in attempts)
    with LedgerReader(path, now=NOW) as reader:
        assert sum(int(r.cost.scaleb(30)) for r in reader.runs()) == scaled
        assert sum(int(a.cost.scaleb(30)) for a in reader.attempts()) == scaled
    for by in ("task", "tier", "week"):
        report = reports.build(path, by=by, now=NOW)
        assert int(report.total.cost.scaleb(30)) == scaled
        assert int(report.total.runs_cost.scaleb(30)) == scaled
        assert sum(int(g.cost.scaleb(30)) for g in report.groups) == scaled
        assert sum(int(t.cost.scaleb(30)) for t in report.tiers) == scaled
        shown = json.loads(reports.render(report, "json"))["total"]["cost"]
        assert int(Decimal(shown).scaleb(30)) == scaled


def test_reservations_count_until_they_are_settled(path: Path) -> None:
    """An attempt without an end is in the total at its reservation, and named as interrupted."""
    open_one = attempt("r1", status=AttemptStatus.RESERVED, cost=Decimal("0.5"), usage=Usage())
    write(path, Record((open_one,), {}, "rev"), run_of("r2", [attempt("r2")]))
    report = reports.build(path, now=NOW)
    assert report.total.cost == Decimal("0.51")
    assert (report.total.interrupted, report.total.runs, report.total.visits) == (1, 1, 2)
    assert any("Interrupted attempts: 1" in note for note in report.notes)


# --- rates ------------------------------------------------------------------------------


def test_rates_say_what_happened(path: Path) -> None:
    """Escalations by run, cache hits by prompt token, failures and refusals by attempt."""
    write(
        path,
        run_of("r1", [attempt("r1", escalation="low"), attempt("r1", 2, tier="opus")]),
        run_of("r2", [attempt("r2", stop_reason="refusal")]),
        run_of("r3", [attempt("r3", status=AttemptStatus.FAILED, error="overloaded")]),
        run_of("r4", [attempt("r4", status=AttemptStatus.CANCELLED, usage_known=False)]),
    )
    total = reports.build(path, now=NOW).total
    assert (total.runs, total.attempts) == (4, 5)
    assert total.escalation_rate == 0.25
    assert total.cache_hit_rate == 0.75
    assert (total.failed, total.refused, total.cancelled, total.usage_unknown) == (1, 1, 1, 1)
    by_tier = groups(path, "tier")
    assert by_tier["haiku"].escalation_rate == 0.25
    assert by_tier["opus"].escalation_rate == 0.0
    assert (by_tier["haiku"].runs, by_tier["opus"].runs) == (3, 1)


def test_latencies_are_ones_that_were_measured(path: Path) -> None:
    """Percentiles by nearest rank; of runs and of answered attempts apart."""
    write(path, *(run_of(f"r{n}", [attempt(f"r{n}", latency=float(n))]) for n in range(1, 101)))
    latency = reports.build(path, now=NOW).total.run_latency
    assert latency == reports.Latency(100, 50.0, 95.0, 99.0)


def test_costs_stand_beside_the_top_tier(path: Path) -> None:
    """What the same tokens would have cost at the top, and the share of it that was saved."""
    write(path, run_of("r1", [attempt("r1")]), run_of("r2", [attempt("r2", tier="opus")]))
    report = reports.build(path, now=NOW)
    assert (report.total.runs_cost, report.total.top_cost) == (Decimal("0.02"), Decimal("0.20"))
    assert report.total.saved == pytest.approx(0.9)
    assert [(t.tier, t.share) for t in report.tiers] == [("haiku", 0.5), ("opus", 0.5)]
    assert "90.0% saved" in reports.render(report, terminal=False)


def test_emulated_replies_are_said_to_be_so(path: Path) -> None:
    """A report over emulated attempts says how many in plain words, in every format."""
    write(path, run_of("r1", [attempt("r1", emulated=True)]), run_of("r2", [attempt("r2")]))
    report = reports.build(path, now=NOW)
    assert "Emulated attempts: 1 of 2 (50%)" in reports.render(report, terminal=False)
    assert json.loads(reports.render(report, "json"))["total"]["emulated"] == 1


# --- groups -----------------------------------------------------------------------------


def test_groups_by_every_dimension(path: Path) -> None:
    """Task, tier, model, tags, one tag, week and day each split the same total."""
    late = {"started_at": NOW - 8 * DAY}
    write(
        path,
        run_of("r1", [attempt("r1")], {"team": "a", "env": "prod"}),
        run_of("r2", [attempt("r2", task="extract", model="claude-opus-5-5", **late)]),
    )
    assert set(groups(path, "task")) == {"classify", "extract"}
    assert set(groups(path, "model")) == {"claude-haiku-5-5", "claude-opus-5-5"}
    assert set(groups(path, "tag")) == {"team=a", "env=prod", "(no tags)"}
    assert set(groups(path, "tag:team")) == {"a", "(none)"}
    assert list(groups(path, "week")) == ["2026-W46", "2026-W47"]
    assert list(groups(path, "day")) == ["2026-11-10", "2026-11-18"]
    assert groups(path, "tag:team")["a"].runs == 1


@pytest.mark.parametrize("by", ["tasks", "tag:", "", "cost"])
def test_an_unknown_dimension_is_refused(path: Path, by: str) -> None:
    """What a report cannot be grouped by is an error that lists what it can."""
    write(path, run_of("r1", [attempt("r1")]))
    with pytest.raises(UsageError, match="task, tier, model"):
        reports.build(path, by=by, now=NOW)


def test_since_takes_runs_whole(path: Path) -> None:
    """A run belongs to the time it began: none of its attempts is counted without the others."""
    began_before = [
        attempt("r1", started_at=NOW - 8 * DAY),
        attempt("r1", 2, started_at=NOW - 6 * DAY),
    ]
    write(path, run_of("r1", began_before), run_of("r2", [attempt("r2")]))
    assert reports.build(path, since="7d", now=NOW).total.attempts == 1
    assert reports.build(path, since=NOW - 9 * DAY, now=NOW).total.attempts == 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30m", NOW - 1800),
        ("24h", NOW - DAY),
        ("2w", NOW - 14 * DAY),
        ("2026-11-01", 1793491200.0),
        ("2026-11-01T01:00+01:00", 1793491200.0),
    ],
)
def test_since_is_a_span_or_a_date(text: str, expected: float) -> None:
    """Spans count back from now, dates are UTC unless they say otherwise."""
    assert reports.parse_since(text, NOW) == expected


@pytest.mark.parametrize("text", ["", "7", "7 days", "yesterday", "-7d", "9" * 30 + "d"])
def test_a_time_that_cannot_be_read_is_refused(text: str) -> None:
    """Anything else is a usage error, never a silent default."""
    with pytest.raises(UsageError, match="cannot read"):
        reports.parse_since(text, NOW)


# --- formats ----------------------------------------------------------------------------

HOSTILE = [
    "=cmd|' /C calc'!A0",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\x1b[2Jboo",
    "a\nb",
    "[red]x",
    "\u2028",
]


def hostile_report(path: Path) -> reports.Report:
    write(
        path,
        *(run_of(f"r{n}", [attempt(f"r{n}", task=name)]) for n, name in enumerate(HOSTILE)),
    )
    return reports.build(path, now=NOW)


def test_no_cell_is_a_formula(path: Path) -> None:
    """Names that a spreadsheet would run begin with a quote in CSV; the rest is readable CSV."""
    table = list(csv.reader(io.StringIO(reports.render(hostile_report(path), "csv"))))
    names = [row[0] for row in table[1:-1]]
    assert not [name for name in names if name.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert "'=cmd|' /C calc'!A0" in names
    assert len({len(row) for row in table}) == 1


@pytest.mark.parametrize("form", ["text", "csv", "json"])
@pytest.mark.parametrize("terminal", [True, False])
def test_no_name_moves_the_cursor(path: Path, form: str, terminal: bool) -> None:
    """Control characters of names come out escaped in every format."""
    out = reports.render(hostile_report(path), form, terminal=terminal)
    assert "\x1b[2J" not in out
    assert "\u2028" not in out
    assert "[2Jboo" in out


def test_names_are_no_markup(path: Path) -> None:
    """A name in square brackets is shown on a terminal as it is."""
    assert "[red]x" in reports.render(hostile_report(path), terminal=True)


def test_json_holds_exact_money_as_text(path: Path) -> None:
    """Costs in JSON are digits without an exponent."""
    write(path, run_of("r1", [attempt("r1", cost=Decimal("1E-9"))]))
    total = json.loads(reports.render(reports.build(path, now=NOW), "json"))["total"]
    assert total["cost"] == "0.000000001"


def test_an_empty_ledger_has_an_empty_report(path: Path) -> None:
    """Without rows every format is rendered, with a total of nothing."""
    SQLiteLedger(path).close()
    report = reports.build(path, now=NOW)
    assert (report.groups, report.total.cost) == ((), Decimal(0))
    for form in reports.FORMATS:
        assert reports.render(report, form, terminal=False)


def test_an_unknown_format_is_refused(path: Path) -> None:
    """A format that is none is an error that lists those there are."""
    SQLiteLedger(path).close()
    with pytest.raises(UsageError, match="text, json, csv"):
        reports.render(reports.build(path, now=NOW), "xml")


def test_no_ledger_is_told_and_none_is_made(path: Path) -> None:
    """A report over a path without a file says so, and leaves no file behind."""
    with pytest.raises(LedgerError, match="nothing has been recorded"):
        reports.build(path, now=NOW)
    assert not path.exists()
