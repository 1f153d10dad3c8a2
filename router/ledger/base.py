"""What a ledger promises, whatever stores it."""

from __future__ import annotations

from typing import Protocol

from router.engine.effects import Record

__all__ = ["Ledger", "NullLedger"]


class Ledger(Protocol):
    """Where every attempt is recorded. Safe to use from threads and tasks."""

    location: str | None  # a path or URL without secrets, for status
    dropped: int  # rows a best-effort ledger gave up

    def write(self, record: Record) -> None:
        """Write a record durably, in one transaction.

        Raises:
            LedgerError: the record could not be written and the ledger is required.
        """
        ...

    async def awrite(self, record: Record) -> None:
        """The same without blocking the event loop."""
        ...

    def close(self) -> None: ...


class NullLedger:
    """Keeps nothing: for benchmarks and for callers who account elsewhere."""

    location: str | None = None
    dropped = 0

    def write(self, record: Record) -> None:
        return

    async def awrite(self, record: Record) -> None:
        return

    def close(self) -> None:
        return
