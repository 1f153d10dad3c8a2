"""The account of one run: its attempts, what they cost, what is still open.

Every attempt is reserved at its worst case before it is made and settled after. Rows wait in
`pending` until they are worth a transaction: with the next reservation, before a wait, or with
the run's own row at the end.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Context, Decimal, Inexact
from typing import Any, Literal, final

from msgspec import Struct

from router.engine.effects import (
    AttemptText,
    Fault,
    FaultKind,
    Outcome,
    Record,
    Reply,
    Reservation,
    RunRow,
)
from router.engine.retrying import MAY_HEAL
from router.types import Attempt, AttemptStatus, RunDetails, Usage

__all__ = ["Account", "Charge"]

Role = Literal["answer", "sample", "verifier"]

_NOTHING = Decimal(0)

# Sums never round, whatever decimal context the caller's thread has.
_exact = Context(prec=60, traps=[Inexact])


class Charge(Struct, frozen=True):
    """What an attempt is charged with, and whether that is known or the reservation."""

    cost: Decimal
    usage: Usage
    known: bool


class Account:
    """Mutable, owned by one run. Time is wall-clock seconds, given by the caller."""

    def __init__(
        self, *, run_id: str, task: str, revision: str, tags: Mapping[str, str], started_at: float
    ) -> None:
        self.run_id = run_id
        self.task = task
        self.revision = revision
        self.tags = tags
        self.started_at = started_at
        self.made = 0
        self.spent = _NOTHING
        self.reserved = _NOTHING
        self.sent = 0  # attempts up to this number may have reached the API
        self.last_fault: Fault | None = None
        self.emulated = False  # whether any reply was not a real model's
        self._open: dict[int, Reservation] = {}
        self._entries: list[_Entry] = []  # settled, in order of settling
        self._pending: list[Reservation | _Entry] = []
        self._texts: list[AttemptText] = []

    def reserve(
        self,
        *,
        task: str,
        tier: str,
        model: str,
        worst: Decimal,
        role: Role,
        waited: float,
        now: float,
        emulated: bool,
    ) -> Reservation:
        """Open a row for an attempt about to be made."""
        self.made += 1
        attempt = Reservation(
            run_id=self.run_id,
            number=self.made,
            task=task,
            tier=tier,
            model=model,
            cost=worst,
            started_at=now,
            waited=waited,
            role=role,
            emulated=emulated,
        )
        self._open[attempt.number] = attempt
        self._pending.append(attempt)
        self.reserved = _exact.add(self.reserved, worst)
        return attempt

    def withdraw(self, opened: Reservation) -> None:
        """Take back a reservation that could not be recorded: the attempt is never made."""
        del self._open[opened.number]
        self.reserved = _exact.subtract(self.reserved, opened.cost)

    def with_one_more(self, worst: Decimal) -> Decimal:
        """What is spent and reserved, and one more attempt."""
        return _exact.add(_exact.add(self.spent, self.reserved), worst)

    def settle(
        self, opened: Reservation, outcome: Outcome, charge: Charge, served_model: str | None = None
    ) -> None:
        """Close the row of an attempt that ended."""
        if isinstance(outcome, Fault):
            self.last_fault = outcome
        self._close(_Entry(opened, outcome, charge, served_model))

    def annotate(self, number: int, *, confidence: float | None, escalation: str | None) -> None:
        """Say of a settled attempt what its answer was worth and why its tier was left."""
        for entry in reversed(self._entries):
            if entry.opened.number == number:
                entry.confidence = confidence
                entry.escalation = escalation
                entry.built = None
                if entry not in self._pending:  # already written: write it again
                    self._pending.append(entry)
                return

    def keep_text(self, attempt: Reservation, request: Mapping[str, Any], outcome: Outcome) -> None:
        """Keep what was sent and answered, for a deployment that asks for it."""
        self._texts.append(AttemptText(self.run_id, attempt.number, request, outcome.text or None))

    def record(self, run: RunRow | None = None) -> Record:
        """Everything that waits to be written."""
        pending, self._pending = self._pending, []
        rows = tuple([row.attempt() if type(row) is _Entry else row for row in pending])
        texts: tuple[AttemptText, ...] = ()
        if self._texts:
            texts = tuple(self._texts)
            self._texts.clear()
        return Record(rows, self.tags, self.revision, run, texts)

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """The settled attempts, in the order in which they were made."""
        entries = self._entries
        if len(entries) == 1:
            return (entries[0].attempt(),)
        entries = sorted(entries, key=lambda entry: entry.opened.number)
        return tuple([entry.attempt() for entry in entries])

    @property
    def has_pending(self) -> bool:
        return bool(self._pending)

    def cancel(self, now: float, latency: float, cut: Fault | None = None) -> Record:
        """Close what is open, at its reservation: a cancelled call may have been billed.

        `cut` is how far a stream had come; its usage is noted, though what the API bills after
        its reader has gone is not known. What was never sent costs nothing.
        """
        for opened in list(self._open.values()):
            sent = opened.number <= self.sent
            fault = _cancelled(max(0.0, now - opened.started_at), cut if sent else None)
            cost = opened.cost if sent else _NOTHING
            charge = Charge(cost, fault.usage or Usage(), known=not sent)
            self._close(_Entry(opened, fault, charge, None))
        return self.record(self.run_row(status="cancelled", latency=latency, error="cancelled"))

    def usage(self) -> Usage:
        entries = self._entries
        if len(entries) == 1:
            return entries[0].charge.usage
        total = Usage()
        for entry in entries:
            total = total + entry.charge.usage
        return total

    def run_row(
        self,
        *,
        status: str,
        latency: float,
        tier: str | None = None,
        model: str | None = None,
        confidence: float | None = None,
        error: str | None = None,
        top_cost: Decimal = _NOTHING,
    ) -> RunRow:
        return RunRow(
            run_id=self.run_id,
            task=self.task,
            revision=self.revision,
            status=status,
            tier=tier,
            model=model,
            confidence=confidence,
            attempts=len(self._entries),
            usage=self.usage(),
            cost=self.spent,
            started_at=self.started_at,
            latency=latency,
            tags=self.tags,
            error=error,
            top_cost=top_cost,
            emulated=self.emulated,
        )

    def details(self, tier: str | None = None, fault: Fault | None = None) -> RunDetails:
        """What an error tells its reader."""
        fault = fault or self.last_fault
        return RunDetails(
            run_id=self.run_id,
            task=self.task,
            tier=tier,
            attempts=self.attempts,
            cost=self.spent,
            last_fault=None if fault is None else f"{fault.kind.value}: {fault.message}",
            request_id=None if fault is None else fault.request_id,
            may_retry=fault is not None and fault.kind in MAY_HEAL,
            retry_after=None if fault is None else fault.retry_after,
        )

    def after_faults(self, message: str) -> str:
        """A message, with the last fault of an attempt where there was one."""
        fault = self.last_fault
        if fault is None:
            return message
        return f"{message}; last: {fault.kind.value}: {fault.message}"

    def _close(self, entry: _Entry) -> None:
        opened = self._open.pop(entry.opened.number)
        self.reserved = _exact.subtract(self.reserved, opened.cost)
        self.spent = _exact.add(self.spent, entry.charge.cost)
        if opened.emulated or entry.outcome.emulated:
            self.emulated = True
        self._entries.append(entry)
        self._pending.append(entry)


@final
class _Entry:
    """A settled attempt; its row is built when it is first read, verdict included."""

    __slots__ = (
        "built",
        "charge",
        "confidence",
        "escalation",
        "opened",
        "outcome",
        "served_model",
    )

    def __init__(
        self, opened: Reservation, outcome: Outcome, charge: Charge, served_model: str | None
    ) -> None:
        self.opened = opened
        self.outcome = outcome
        self.charge = charge
        self.served_model = served_model
        self.confidence: float | None = None
        self.escalation: str | None = None
        self.built: Attempt | None = None

    def attempt(self) -> Attempt:
        if self.built is None:
            self.built = self._build()
        return self.built

    def _build(self) -> Attempt:
        opened, outcome, charge = self.opened, self.outcome, self.charge
        stop_reason = error = error_message = None
        http_status: int | None
        ignored: tuple[str, ...] = ()
        if isinstance(outcome, Reply):
            status = AttemptStatus.ANSWERED
            http_status = outcome.http_status
            stop_reason, ignored = outcome.stop_reason, outcome.ignored
        else:
            cancelled = outcome.kind is FaultKind.CANCELLED
            status = AttemptStatus.CANCELLED if cancelled else AttemptStatus.FAILED
            http_status = outcome.status
            error, error_message = outcome.kind.value, outcome.message
        return Attempt(
            run_id=opened.run_id,
            number=opened.number,
            task=opened.task,
            tier=opened.tier,
            model=opened.model,
            status=status,
            cost=charge.cost,
            usage=charge.usage,
            usage_known=charge.known,
            stop_reason=stop_reason,
            error=error,
            error_message=error_message,
            http_status=http_status,
            request_id=outcome.request_id,
            started_at=opened.started_at,
            latency=outcome.latency,
            first_token=outcome.first_token,
            confidence=self.confidence,
            escalation=self.escalation,
            served_model=self.served_model,
            waited=opened.waited,
            role=opened.role,
            emulated=opened.emulated or outcome.emulated,
            ignored=ignored,
        )


def _cancelled(latency: float, cut: Fault | None) -> Fault:
    return Fault(
        FaultKind.CANCELLED,
        "the caller gave up",
        request_id=None if cut is None else cut.request_id,
        maybe_billed=True,
        usage=None if cut is None else cut.usage,
        latency=latency,
        first_token=None if cut is None else cut.first_token,
    )
