"""Records as SQL: which statements write a record, and in which order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from router.engine.effects import Record, Reservation, RunRow
from router.types import Attempt, AttemptStatus

__all__ = ["Cursor", "Execute", "is_open", "rows_in", "settled_part", "write", "write_texts"]


class Cursor(Protocol):
    @property
    def rowcount(self) -> int: ...


Execute = Callable[[str, tuple[Any, ...]], Cursor]

# sqlite3 binds a None three times slower than a number, because it looks for adapters first.
# So a reservation names only what it knows, and an attempt that went well, which is nearly
# every one, has a statement of its own that leaves the seven columns of trouble out.
_RESERVE = """
INSERT INTO attempts (
    run_id, number, writer, task, tier, model, revision, role, tags,
    status, cost, started_at, waited, emulated
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'reserved', ?, ?, ?, ?)
ON CONFLICT DO NOTHING
"""

_SETTLED = (
    "status",
    "cost",
    "usage_known",
    "input_tokens",
    "output_tokens",
    "cache_write_5m_tokens",
    "cache_write_1h_tokens",
    "cache_read_tokens",
    "thinking_tokens",
    "started_at",
    "waited",
    "latency",
    "http_status",
    "request_id",
    "stop_reason",
    "confidence",
    "emulated",
)
_TROUBLE = ("first_token", "error", "error_message", "escalation", "served_model", "ignored")
_IDENTITY = ("run_id", "number", "writer", "task", "tier", "model", "revision", "role", "tags")

_SETTLE = f"""
UPDATE attempts SET {", ".join(f"{name} = ?" for name in _SETTLED)},
    first_token = NULL, error = NULL, error_message = NULL, escalation = NULL,
    served_model = NULL, ignored = '[]'
WHERE run_id = ? AND number = ?
"""  # noqa: S608 (names of ours, values are bound)

_ALL = (*_IDENTITY, *_SETTLED, *_TROUBLE)
_UPSERT = f"""
INSERT INTO attempts ({", ".join(_ALL)}) VALUES ({", ".join("?" * len(_ALL))})
ON CONFLICT DO UPDATE SET
    {", ".join(f"{name} = excluded.{name}" for name in (*_SETTLED, *_TROUBLE))}
"""  # noqa: S608 (names of ours, values are bound)

_RUN = """
INSERT OR REPLACE INTO runs (
    run_id, task, revision, status, tier, model, confidence, attempts,
    input_tokens, output_tokens, cache_write_5m_tokens, cache_write_1h_tokens,
    cache_read_tokens, thinking_tokens, cost, top_cost, started_at, latency, tags, error, emulated
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, nullif(?, ''), ?)
"""

_TEXT = """
INSERT INTO texts (run_id, number, request, answer) VALUES (?, ?, ?, ?)
ON CONFLICT DO UPDATE SET
    request = excluded.request, answer = coalesce(excluded.answer, answer)
"""

_encode = msgspec.json.Encoder(order="sorted").encode


def is_open(attempt: Attempt | Reservation) -> bool:
    """Whether an attempt is a reservation, to be settled later."""
    return attempt.status is AttemptStatus.RESERVED


def rows_in(record: Record) -> int:
    return len(record.attempts) + (record.run is not None)


def settled_part(record: Record) -> Record | None:
    """What has been paid for, without the reservations; None where there is nothing."""
    attempts = tuple(a for a in record.attempts if not is_open(a))
    if not attempts and record.run is None:
        return None
    return Record(attempts, record.tags, record.revision, record.run, record.texts)


def write_texts(execute: Execute, record: Record) -> None:
    """Write what a record's attempts sent and were answered."""
    for text in record.texts:
        request = _encode(text.request).decode()
        execute(_TEXT, (text.run_id, text.number, request, text.answer))


def write(execute: Execute, record: Record, writer: int) -> None:
    """Write a record's rows, in order, within the caller's transaction.

    Doing it again changes nothing, and a reservation never undoes a settlement: whoever is not
    sure whether a record was written writes it again.
    """
    tags = _encode(record.tags).decode() if record.tags else "{}"
    for attempt in record.attempts:
        if isinstance(attempt, Reservation) or attempt.status is AttemptStatus.RESERVED:
            _reserve(execute, attempt, record.revision, tags, writer)
        else:
            _settle(execute, attempt, record.revision, tags, writer)
    if record.run is not None:
        _write_run(execute, record.run, tags if record.run.tags is record.tags else None)


def _reserve(
    execute: Execute, a: Attempt | Reservation, revision: str, tags: str, writer: int
) -> None:
    emulated = 1 if a.emulated else 0  # a bool is looked up for an adapter, as None is
    execute(
        _RESERVE,
        (
            *(a.run_id, a.number, writer, a.task, a.tier, a.model, revision, a.role, tags),
            *(str(a.cost), a.started_at, a.waited, emulated),
        ),
    )


def _settle(execute: Execute, a: Attempt, revision: str, tags: str, writer: int) -> None:
    usage = a.usage
    settled = (
        str(a.status),
        str(a.cost),
        1 if a.usage_known else 0,
        usage.input_tokens,
        usage.output_tokens,
        usage.cache_write_5m_tokens,
        usage.cache_write_1h_tokens,
        usage.cache_read_tokens,
        usage.thinking_tokens,
        a.started_at,
        a.waited,
        a.latency,
        a.http_status,
        a.request_id,
        a.stop_reason,
        a.confidence,
        1 if a.emulated else 0,
    )
    went_well = (
        a.error is None
        and a.escalation is None
        and a.first_token is None
        and a.served_model is None
        and a.error_message is None
        and not a.ignored
    )
    if went_well and execute(_SETTLE, (*settled, a.run_id, a.number)).rowcount:
        return
    execute(
        _UPSERT,
        (
            *(a.run_id, a.number, writer, a.task, a.tier, a.model, revision, a.role, tags),
            *settled,
            a.first_token,
            None if a.error is None else str(a.error),
            a.error_message,
            a.escalation,
            a.served_model,
            _encode(a.ignored).decode(),
        ),
    )


def _write_run(execute: Execute, run: RunRow, tags: str | None) -> None:
    usage = run.usage
    execute(
        _RUN,
        (
            run.run_id,
            run.task,
            run.revision,
            run.status,
            run.tier,
            run.model,
            run.confidence,
            run.attempts,
            usage.input_tokens,
            usage.output_tokens,
            usage.cache_write_5m_tokens,
            usage.cache_write_1h_tokens,
            usage.cache_read_tokens,
            usage.thinking_tokens,
            str(run.cost),
            str(run.top_cost),
            run.started_at,
            run.latency,
            tags if tags is not None else _encode(run.tags).decode(),
            run.error or "",
            1 if run.emulated else 0,
        ),
    )
