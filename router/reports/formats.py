"""A report as text for people, JSON for programs, CSV for spreadsheets."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal, get_args

from router.errors import UsageError
from router.reports.report import Group, Latency, Report

__all__ = ["FORMATS", "Format", "render"]

Format = Literal["text", "json", "csv"]
FORMATS: tuple[str, ...] = get_args(Format)

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def render(report: Report, form: str = "text", *, terminal: bool | None = None) -> str:
    """The report in one of FORMATS, ending in a newline.

    `terminal` says whether text may be styled, and how wide it is; None: as stdout is.

    Raises:
        UsageError: no such format.
    """
    if form == "json":
        return json.dumps(_as_json(report), indent=2) + "\n"
    if form == "csv":
        return _as_csv(report)
    if form == "text":
        styled = sys.stdout.isatty() if terminal is None else terminal
        return _as_terminal(report) if styled else _as_text(report)
    raise UsageError(f"a report is rendered as {', '.join(FORMATS)}, not as {form!r}")


# --- JSON --------------------------------------------------------------------------------


def _as_json(report: Report) -> dict[str, Any]:
    """Costs are strings: numbers would be read as binary floats, which no longer add up."""
    return {
        "by": report.by,
        "since": _instant(report.since),
        "until": _instant(report.until),
        "currency": "USD",
        "groups": [_group_json(group) for group in report.groups],
        "total": _group_json(report.total),
        "tiers": [
            {"tier": t.tier, "runs": t.runs, "share": t.share, "cost": _plain(t.cost)}
            for t in report.tiers
        ],
        "notes": list(report.notes),
    }


def _group_json(group: Group) -> dict[str, Any]:
    return {
        "name": group.name,
        **_counts(group),
        "cost": _plain(group.cost),
        "runs_cost": _plain(group.runs_cost),
        "top_tier_cost": _plain(group.top_cost),
        "saved": group.saved,
        "cache_hit_rate": group.cache_hit_rate,
        "escalation_rate": group.escalation_rate,
        "latency": _latency_json(group.latency),
        "run_latency": _latency_json(group.run_latency),
    }


def _counts(group: Group) -> dict[str, int]:
    return {
        "runs": group.runs,
        "visits": group.visits,
        "attempts": group.attempts,
        "input_tokens": group.usage.input_tokens,
        "output_tokens": group.usage.output_tokens,
        "cache_write_5m_tokens": group.usage.cache_write_5m_tokens,
        "cache_write_1h_tokens": group.usage.cache_write_1h_tokens,
        "cache_read_tokens": group.usage.cache_read_tokens,
        "thinking_tokens": group.usage.thinking_tokens,
        "escalated": group.escalated,
        "failed": group.failed,
        "refused": group.refused,
        "cancelled": group.cancelled,
        "interrupted": group.interrupted,
        "under_way": group.under_way,
        "usage_unknown": group.usage_unknown,
        "emulated": group.emulated,
    }


def _latency_json(latency: Latency | None) -> dict[str, float] | None:
    if latency is None:
        return None
    return {"p50": latency.p50, "p95": latency.p95, "p99": latency.p99}


# --- CSV ---------------------------------------------------------------------------------


def _as_csv(report: Report) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for number, group in enumerate((*report.groups, report.total)):
        cells = _csv_cells(report.by, group)
        if number == 0:
            writer.writerow(cells)
        writer.writerow(cells.values())
    return out.getvalue()


def _csv_cells(by: str, group: Group) -> dict[str, str]:
    cells = {by: _csv_text(group.name)}
    cells |= {name: str(count) for name, count in _counts(group).items()}
    cells["cost_usd"] = _plain(group.cost)
    cells["runs_cost_usd"] = _plain(group.runs_cost)
    cells["top_tier_cost_usd"] = _plain(group.top_cost)
    for name, rate in (
        ("saved", group.saved),
        ("cache_hit_rate", group.cache_hit_rate),
        ("escalation_rate", group.escalation_rate),
    ):
        cells[name] = "" if rate is None else f"{rate:.6f}"
    for name, latency in (("latency", group.latency), ("run_latency", group.run_latency)):
        for rank in ("p50", "p95", "p99"):
            value = None if latency is None else getattr(latency, rank)
            cells[f"{name}_{rank}_s"] = "" if value is None else f"{value:.3f}"
    return cells


def _csv_text(text: str) -> str:
    """A name that a spreadsheet shows and does not run (OWASP: CSV injection)."""
    return "'" * text.startswith(_FORMULA) + _visible(text)


# --- text --------------------------------------------------------------------------------

_HEADINGS = (
    *("runs", "attempts", "in", "cached", "out", "hit", "escalated", "failed", "refused"),
    *("p50", "p95", "p99", "cost $", "all-top $", "saved"),
)


def _text_cells(group: Group) -> list[str]:
    latency = group.run_latency or group.latency
    usage = group.usage
    return [
        f"{group.runs:,}",
        f"{group.attempts:,}",
        _short(usage.prompt_tokens),
        _short(usage.cache_read_tokens),
        _short(usage.output_tokens),
        _percent(group.cache_hit_rate),
        _percent(group.escalation_rate),
        f"{group.failed:,}",
        f"{group.refused:,}",
        *(
            ("", "", "")
            if latency is None
            else (_seconds(latency.p50), _seconds(latency.p95), _seconds(latency.p99))
        ),
        _dollars(group.cost),
        _dollars(group.top_cost) if group.top_cost else "",
        _percent(group.saved),
    ]


def _as_text(report: Report) -> str:
    head = [report.by, *_HEADINGS]
    rows = [[_visible(g.name), *_text_cells(g)] for g in (*report.groups, report.total)]
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        padded = (
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        return "  ".join(padded).rstrip()

    rule = "-" * len(line(head))
    lines = [line(head), rule, *map(line, rows[:-1]), rule, line(rows[-1])]
    return "\n".join([_title(report), "", *lines, "", *_tail(report)]).rstrip() + "\n"


def _as_terminal(report: Report) -> str:
    # rich takes 30 ms to import: only a person at a terminal pays for it.
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    width = Console().width
    rows = [[_visible(g.name), *_text_cells(g)] for g in (*report.groups, report.total)]
    shown = _fitting([report.by, *_HEADINGS], rows, width)
    table = Table(title=Text(_title(report)), title_justify="left", show_footer=True)
    for i in shown:
        table.add_column(
            Text([report.by, *_HEADINGS][i]),
            footer=Text(rows[-1][i]),
            justify="right" if i else "left",
            overflow="fold",
        )
    for row in rows[:-1]:
        table.add_row(*(Text(row[i]) for i in shown))  # Text: a name in brackets is no markup
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=width)
    console.print(table)
    if len(shown) <= len(_HEADINGS):
        console.print(Text("A wider terminal shows more columns; --csv and --json show all."))
    for text in _tail(report):
        console.print(Text(text))
    return out.getvalue()


def _fitting(head: list[str], rows: list[list[str]], width: int) -> list[int]:
    """The columns that fit into a width, the least telling ones left out first."""
    shown = list(range(len(head)))
    for least in ("in", "cached", "out", "attempts", "p95", "refused", "p99", "failed", "p50"):
        needed = sum(max(len(row[i]) for row in (head, *rows)) + 3 for i in shown) + 1
        if needed <= width:
            break
        shown.remove(head.index(least, 1))
    return shown


def _title(report: Report) -> str:
    since = f"since {_instant(report.since)}" if report.since is not None else "since the beginning"
    return f"Cost by {report.by}, {since}"


def _tail(report: Report) -> list[str]:
    lines = []
    shares = ", ".join(
        f"{_visible(t.tier)} {t.share:.0%} of runs, ${_dollars(t.cost)}" for t in report.tiers
    )
    if shares:
        lines.append(f"Traffic: {shares}.")
    total = report.total
    if total.saved is not None:
        lines.append(
            f"Ended runs cost ${_dollars(total.runs_cost)}; their tokens at the top tier alone"
            f" would have cost ${_dollars(total.top_cost)}"
            f" ({abs(total.saved):.1%} {'saved' if total.saved >= 0 else 'less'})."
        )
    if total.usage.prompt_tokens:
        lines.append(f"Latency is a run's, in seconds; exact total: ${_plain(total.cost)}.")
    return lines + [f"Note: {_visible(note)}" for note in report.notes]


# --- cells -------------------------------------------------------------------------------


def _visible(text: str) -> str:
    """Text without control characters: they could move the cursor or forge lines."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _plain(amount: Decimal) -> str:
    """All the digits there are, without an exponent."""
    return format(amount, "f")


def _dollars(amount: Decimal) -> str:
    """An amount as people read it: cents where there are dollars, more where there are none."""
    return f"{amount:,.2f}" if abs(amount) >= 100 else f"{amount:.4f}"


def _percent(rate: float | None) -> str:
    return "" if rate is None else f"{rate:.1%}"


def _seconds(value: float) -> str:
    return f"{value:.2f}" if value < 100 else f"{value:.0f}"


def _short(count: int) -> str:
    for size, unit in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if count >= size:
            return f"{count / size:.1f}{unit}"
    return str(count)


def _instant(moment: float | None) -> str | None:
    if moment is None or moment == float("inf"):
        return None
    try:
        return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds")
    except (ValueError, OverflowError, OSError):
        return None
