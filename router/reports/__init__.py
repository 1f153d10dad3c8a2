"""Reports over a ledger: `build` one, `render` it as text, JSON or CSV."""

from __future__ import annotations

import os
import re
import time
from datetime import UTC, datetime

from router.errors import UsageError
from router.ledger.reading import LedgerReader
from router.reports.formats import FORMATS, Format, render
from router.reports.report import DIMENSIONS, Group, Latency, Report, TierShare, summarise

__all__ = [
    "DIMENSIONS",
    "FORMATS",
    "Format",
    "Group",
    "Latency",
    "Report",
    "TierShare",
    "build",
    "parse_since",
    "render",
    "summarise",
]

_UNITS = {"m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}


def build(
    path: str | os.PathLike[str],
    *,
    since: float | str | None = None,
    by: str = "task",
    now: float | None = None,
) -> Report:
    """A report over the ledger at `path`, which is opened read-only.

    Args:
        since: runs that began at this instant or later: seconds since the epoch, or text as
            `parse_since` takes it. None: all of them.
        by: one of DIMENSIONS, or `tag:NAME`.
        now: seconds since the epoch; the clock's where it is None.

    Raises:
        LedgerError: the ledger does not exist or cannot be read.
        UsageError: `since` or `by` is not understood.
    """
    now = time.time() if now is None else now
    start = parse_since(since, now) if isinstance(since, str) else since
    with LedgerReader(path, now=now) as reader:
        notes = [
            f"Rows wait in {spill}: the next router that opens the ledger takes them in."
            for spill in reader.waiting()
        ]
        span = (0.0 if start is None else start,)
        return summarise(
            reader.attempts(*span),
            reader.runs(*span),
            by=by,
            since=start,
            until=now,
            notes=notes,
        )


def parse_since(text: str, now: float) -> float:
    """`30m`, `24h`, `7d`, `2w` before now, or a date or time in ISO 8601 (UTC if it says none).

    Raises:
        UsageError: it is neither.
    """
    match = re.fullmatch(r"(\d{1,6})([mhdw])", text.strip())
    if match:
        return now - int(match[1]) * _UNITS[match[2]]
    try:
        moment = datetime.fromisoformat(text.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise UsageError(
            f"cannot read {text!r} as a time: use 30m, 24h, 7d, 2w or a date such as 2026-11-22"
        ) from None
