"""A ledger opened read-only: rows for reports, and what became of rows that nobody settled."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from decimal import Decimal
from types import TracebackType
from typing import Any, NamedTuple, Self

from router.errors import LedgerError
from router.ledger.buffer import spills
from router.ledger.database import Failure, failure_of, open_reader, sqlite_errors
from router.ledger.processes import Process, gone

__all__ = ["INTERRUPTED", "AttemptFacts", "LedgerReader", "RunFacts", "tags_of"]

INTERRUPTED = "interrupted"
"""The status shown for a reservation that nobody can settle any more."""

STALE = 3600.0
"""Seconds after which a reservation counts as interrupted even if its process cannot be seen, or
seems alive: longer than any attempt may take (the API ends a request after ten minutes)."""


class AttemptFacts(NamedTuple):
    """One attempt, as reports need it. Tags are JSON text."""

    run_id: str
    number: int
    task: str
    tier: str
    model: str
    tags: str
    status: str  # as in `router.types.AttemptStatus`, or INTERRUPTED
    cost: Decimal
    input_tokens: int
    output_tokens: int
    cache_write_5m_tokens: int
    cache_write_1h_tokens: int
    cache_read_tokens: int
    thinking_tokens: int
    usage_known: bool
    run_started_at: float  # the attempt's own where the run has no row
    latency: float
    stop_reason: str | None
    escalation: str | None
    role: str
    emulated: bool
    confidence: float | None = None


class RunFacts(NamedTuple):
    """One run that ended, as reports need it. Tags are JSON text."""

    run_id: str
    task: str
    tier: str | None
    model: str | None
    tags: str
    status: str
    cost: Decimal
    top_cost: Decimal
    started_at: float
    latency: float
    emulated: bool


_ATTEMPTS = """
SELECT a.run_id, a.number, a.task, a.tier, a.model, a.tags, a.status, a.cost,
    a.input_tokens, a.output_tokens, a.cache_write_5m_tokens, a.cache_write_1h_tokens,
    a.cache_read_tokens, a.thinking_tokens, a.usage_known,
    coalesce(r.started_at, a.started_at), a.latency, a.stop_reason, a.escalation, a.role,
    a.emulated, a.confidence, a.writer, a.started_at
FROM attempts a LEFT JOIN runs r ON r.run_id = a.run_id
WHERE coalesce(r.started_at, a.started_at) >= ? AND coalesce(r.started_at, a.started_at) < ?
ORDER BY a.run_id, a.number
"""

_RUNS = """
SELECT run_id, task, tier, model, tags, status, cost, top_cost, started_at, latency, emulated
FROM runs WHERE started_at >= ? AND started_at < ? ORDER BY run_id
"""

_ALWAYS = float("inf")


class LedgerReader:
    """One consistent view of a ledger, taken when it is opened: rows written later are not seen.

    `now` is in seconds since the epoch; it decides which reservations are stale.

    Raises:
        LedgerError: the ledger does not exist or cannot be read; also while iterating.
    """

    def __init__(self, path: str | os.PathLike[str], *, now: float) -> None:
        self._path = os.fspath(path)
        self._now = now
        try:
            self._connection = open_reader(self._path)
        except Failure as failure:
            raise failure.as_error() from None
        try:
            self._connection.execute("BEGIN")
            self._writers = self._read_writers()
        except sqlite_errors as error:
            self._connection.close()
            raise failure_of(self._path, error).as_error() from None
        self._gone: dict[int, bool | None] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connection.close()

    def attempts(self, since: float = 0.0, until: float = _ALWAYS) -> Iterator[AttemptFacts]:
        """Attempts of the runs that began in a span of time, by run and number.

        An attempt belongs to the time its run began, so that a run is never cut in two.
        """
        for row in self._rows(_ATTEMPTS, since, until):
            *facts, writer, started_at = row
            if facts[6] == "reserved" and self._interrupted(writer, started_at):
                facts[6] = INTERRUPTED
            facts[7] = _money(self._path, facts[7])
            yield AttemptFacts._make(facts)

    def runs(self, since: float = 0.0, until: float = _ALWAYS) -> Iterator[RunFacts]:
        """Runs that began in a span of time and have ended, by run."""
        for row in self._rows(_RUNS, since, until):
            facts = list(row)
            facts[6], facts[7] = _money(self._path, facts[6]), _money(self._path, facts[7])
            yield RunFacts._make(facts)

    def waiting(self) -> tuple[str, ...]:
        """Side files with rows that the ledger does not hold yet; its next writer takes them in."""
        return tuple(str(spill) for spill in spills(self._path))

    def _rows(self, query: str, since: float, until: float) -> Iterator[tuple[Any, ...]]:
        try:
            yield from self._connection.execute(query, (since, until))
        except sqlite_errors as error:
            raise failure_of(self._path, error).as_error() from None

    def _read_writers(self) -> dict[int, tuple[Process, bool]]:
        rows = self._connection.execute(
            "SELECT id, host, pid, process_started, closed_at IS NOT NULL FROM writers"
        )
        return {row[0]: (Process(row[1], row[2], row[3]), bool(row[4])) for row in rows}

    def _interrupted(self, writer: int, started_at: float) -> bool:
        if self._now - started_at > STALE:
            return True
        known = self._writers.get(writer)
        if known is None:
            return True
        process, closed = known
        if closed:
            return True
        if writer not in self._gone:
            self._gone[writer] = gone(process)
        return self._gone[writer] is True


def _money(path: str, text: object) -> Decimal:
    try:
        value = Decimal(str(text))
    except ArithmeticError:
        value = Decimal("NaN")
    if not value.is_finite():
        raise LedgerError(f"ledger {path}: a cost that is no amount: {text!r:.40}")
    return value


def tags_of(text: str) -> dict[str, str]:
    """Tags out of their JSON text; none where it is not that of a map."""
    try:
        tags = json.loads(text)
    except ValueError:
        return {}
    return {str(k): str(v) for k, v in tags.items()} if isinstance(tags, dict) else {}
