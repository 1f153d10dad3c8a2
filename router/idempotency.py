"""One key, one payment: a result is kept for 24 hours and given again for the same inputs."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import TracebackType
from typing import Self

from router.compiler.model import Task, VerifierSignal
from router.engine.calls import default_timeout
from router.engine.cascade import Cascade
from router.engine.effects import Record
from router.engine.retrying import RETRY_AFTER_CAP
from router.errors import KeyConflict, LedgerError, RunInProgress
from router.ledger.base import Ledger
from router.ledger.results import decode, encode
from router.ledger.store import Conflict, InProgress, ResultStore, Stored
from router.types import Result

__all__ = ["Lease"]

log = logging.getLogger("router")

_SPARE = 60.0
_RENEWED_EVERY = 15.0  # seconds at the least: a short run never renews


class Lease:
    """The right to run under a key, or the result that was stored under it.

    As a context manager it gives the key back when the run fails: a failure is not kept. It lasts
    for one attempt and the wait before it, and is renewed with each: a process that dies frees
    its key in minutes, and a run that takes hours keeps it.
    """

    def __init__(
        self,
        store: ResultStore,
        key: str,
        token: str = "",
        *,
        seconds: float = 0.0,
        stored: Result | None = None,
    ) -> None:
        self._store = store
        self._key = key
        self._token = token
        self._seconds = seconds
        self._kept = False
        self.stored = stored

    @classmethod
    def take(cls, store: ResultStore, key: str, cascade: Cascade, now: float) -> Lease:
        """Claim a key at `now`, in seconds since the epoch.

        Raises:
            KeyConflict: the key was used for something else.
            RunInProgress: somebody is at it; the details say when to ask again at the latest.
            LedgerError: the store cannot be used, so nothing was paid.
        """
        task = cascade.request.task.name
        step = _longest_attempt(cascade.request.task, cascade.request.tasks) + RETRY_AFTER_CAP
        deadline = cascade.deadline_seconds
        lease = (step if deadline is None else min(step, deadline)) + _SPARE
        state = store.begin(key, task, _digest(cascade), now, lease=lease)
        if isinstance(state, Stored):
            return cls(store, key, stored=replace(decode(state.result), replayed=True))
        if isinstance(state, Conflict):
            what = "other inputs" if state.task == task else f"task {state.task!r}"
            raise KeyConflict(f"key {key!r} was used with {what}")
        if isinstance(state, InProgress):
            details = replace(cascade.account.details(), may_retry=True, retry_after=state.seconds)
            raise RunInProgress(f"a run with key {key!r} is under way", details)
        return cls(store, key, state.token, seconds=lease)

    @classmethod
    async def atake(cls, store: ResultStore, key: str, cascade: Cascade, now: float) -> Lease:
        """The same without blocking the event loop; a cancelled one gives the key back."""
        taking = asyncio.ensure_future(asyncio.to_thread(cls.take, store, key, cascade, now))
        try:
            return await asyncio.shield(taking)
        except asyncio.CancelledError:
            taking.add_done_callback(_give_back)
            raise

    def renewed_by(self, ledger: Ledger, wall: Callable[[], float]) -> Ledger:
        """A ledger whose writing renews this lease; every attempt begins with a row."""
        return _Renewing(self, ledger, wall)

    def renew(self, now: float) -> None:
        """Let it last from now."""
        try:
            self._store.extend(self._key, now + self._seconds, token=self._token)
        except LedgerError as error:  # the run goes on, it may still end in time
            log.warning("the lease of key %s could not be renewed: %s", self._key, error)

    def keep(self, result: Result, now: float) -> Result:
        """Store the result; it is the caller's even where storing it fails."""
        self._kept = True
        try:
            self._store.finish(self._key, encode(result), now, token=self._token)
        except LedgerError as error:
            log.error("the answer under key %s could not be kept: %s", self._key, error)
        return result

    async def akeep(self, result: Result, now: float) -> Result:
        """The same without blocking the event loop; the answer is kept even where cancelled."""
        self._kept = True
        return await asyncio.shield(
            asyncio.ensure_future(asyncio.to_thread(self.keep, result, now))
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._kept:
            return
        try:
            self._store.abandon(self._key, token=self._token)
        except LedgerError as failure:  # what ended the run says more
            log.error("key %s stays taken until its lease ends: %s", self._key, failure)


class _Renewing:
    """A ledger that keeps a lease alive."""

    def __init__(self, lease: Lease, ledger: Ledger, wall: Callable[[], float]) -> None:
        self._lease = lease
        self._ledger = ledger
        self._wall = wall
        self._due = wall() + _RENEWED_EVERY
        self.location = ledger.location
        self.dropped = ledger.dropped  # as it was: a driver does not ask

    def write(self, record: Record) -> None:
        now = self._wall()
        if now >= self._due and record.run is None:
            self._due = now + _RENEWED_EVERY
            self._lease.renew(now)
        self._ledger.write(record)

    async def awrite(self, record: Record) -> None:
        now = self._wall()
        if now >= self._due and record.run is None:
            self._due = now + _RENEWED_EVERY
            await asyncio.to_thread(self._lease.renew, now)
        await self._ledger.awrite(record)

    def close(self) -> None:
        self._ledger.close()


def _give_back(taken: asyncio.Future[Lease]) -> None:
    if not taken.cancelled() and taken.exception() is None and taken.result().stored is None:
        taken.result().__exit__(None, None, None)


def _longest_attempt(task: Task, tasks: Mapping[str, Task]) -> float:
    """Seconds that one attempt of the task, or of one that verifies it, may take."""
    longest = max(tier.timeout or default_timeout(tier.max_tokens) for tier in task.tiers)
    if task.confidence is not None:
        for signal in task.confidence.signals:
            if isinstance(signal, VerifierSignal):  # verifiers never stand in a circle
                longest = max(longest, _longest_attempt(tasks[signal.task], tasks))
    return longest


def _digest(cascade: Cascade) -> str:
    request = cascade.request
    text = json.dumps(
        [request.task.name, request.tier, request.inputs], sort_keys=True, ensure_ascii=False
    )
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
