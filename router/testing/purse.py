"""A sum of money for many runs: each attempt's worst case is held before it is made."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal

from router.engine.effects import Record
from router.errors import LedgerError
from router.ledger.base import Ledger
from router.ledger.rows import is_open, settled_part

__all__ = ["Paying", "Purse"]


@dataclass(slots=True)
class Purse:
    """What runs side by side may spend, in USD: what is spent and held is never more."""

    limit: Decimal
    spent: Decimal = Decimal(0)
    _held: Decimal = Decimal(0)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, usd: Decimal) -> bool:
        """Hold an amount; False where it is not left."""
        if usd > self._left():
            return False
        self._held += usd
        return True

    def settle(self, held: Decimal, cost: Decimal) -> None:
        """Give back what was held, and pay what it came to."""
        self._held -= held
        self.spent += cost
        self._changed.set()

    async def room(self, usd: Decimal) -> None:
        """Wait until an amount is left, or until nobody holds what might be given back."""
        while self._held and usd > self._left():
            self._changed.clear()
            await self._changed.wait()

    def _left(self) -> Decimal:
        return self.limit - self.spent - self._held


class Paying:
    """The ledger of one run whose attempts are paid from a purse.

    An attempt that the purse cannot cover is not made: its reservation fails, as it would where
    the ledger cannot be written. Nothing is held while the run waits, so runs cannot lock each
    other out.
    """

    def __init__(self, ledger: Ledger, purse: Purse, monotonic: Callable[[], float]) -> None:
        self.spent = Decimal(0)
        self.refused = False  # an attempt was not made for want of money: no more are
        self.location = ledger.location
        self.dropped = ledger.dropped  # as it was: a driver does not ask
        self._ledger = ledger
        self._purse = purse
        self._monotonic = monotonic
        self._waited = 0.0
        self._held: dict[int, Decimal] = {}  # by the attempt's number

    def clock(self) -> float:
        """Seconds that have passed for the run: waiting for money is not its own time."""
        return self._monotonic() - self._waited

    def write(self, record: Record) -> None:
        """Write a record; its new attempts are paid from what is left now.

        Raises:
            LedgerError: an attempt could not be paid for, or not be recorded.
        """
        worst = self._settle(record)
        part = self._affordable(record, worst)
        with self._or_give_back(record):
            if part is not None:
                self._ledger.write(part)
        _refuse_rest(record, part)

    async def awrite(self, record: Record) -> None:
        """The same, waiting for what others may give back."""
        worst = self._settle(record)
        if worst:
            began = self._monotonic()
            await self._purse.room(worst)
            self._waited += self._monotonic() - began
        part = self._affordable(record, worst)
        with self._or_give_back(record):
            if part is not None:
                await self._ledger.awrite(part)
        _refuse_rest(record, part)

    def close(self) -> None:
        """Close the ledger behind it."""
        self._ledger.close()

    def _settle(self, record: Record) -> Decimal:
        """Pay for what has ended; what the attempts that are about to begin may cost, in USD."""
        worst = Decimal(0)
        for attempt in record.attempts:
            if is_open(attempt):
                worst += attempt.cost
            elif attempt.number in self._held:  # else written before, or never made
                self.spent += attempt.cost
                self._purse.settle(self._held.pop(attempt.number), attempt.cost)
        return worst

    def _affordable(self, record: Record, worst: Decimal) -> Record | None:
        """The record, its new attempts paid for; what of it has ended where they cannot be."""
        opened = {one.number: one.cost for one in record.attempts if is_open(one)}
        if opened and (self.refused or not self._purse.take(worst)):
            self.refused = True
            return settled_part(record)
        self._held |= opened
        return record

    @contextmanager
    def _or_give_back(self, record: Record) -> Iterator[None]:
        """An attempt that could not be recorded is not made."""
        try:
            yield
        except LedgerError:
            for attempt in record.attempts:
                if is_open(attempt) and attempt.number in self._held:
                    self._purse.settle(self._held.pop(attempt.number), Decimal(0))
            raise


def _refuse_rest(record: Record, part: Record | None) -> None:
    if part is not record:
        raise LedgerError("too little money is left for the attempt's worst case")
