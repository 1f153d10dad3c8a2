"""One key, one payment: a result is kept for 24 hours and given again for the same inputs."""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import replace
from types import TracebackType
from typing import Self

from router.engine.cascade import Cascade
from router.errors import KeyConflict, LedgerError, RunInProgress
from router.ledger.results import decode, encode
from router.ledger.store import Conflict, InProgress, ResultStore, Stored
from router.types import Result

__all__ = ["Lease"]

log = logging.getLogger("router")

_UNBOUND = 3600.0  # seconds a run without a deadline may hold its key
_SPARE = 60.0


class Lease:
    """The right to run under a key, or the result that was stored under it.

    As a context manager it gives the key back when the run fails: a failure is not kept.
    """

    def __init__(
        self, store: ResultStore, key: str, token: str | None, stored: Result | None
    ) -> None:
        self._store = store
        self._key = key
        self._token = token
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
        lease = (cascade.deadline_seconds or _UNBOUND) + _SPARE
        state = store.begin(key, task, _digest(cascade), now, lease=lease)
        if isinstance(state, Stored):
            return cls(store, key, None, replace(decode(state.result), replayed=True))
        if isinstance(state, Conflict):
            what = "other inputs" if state.task == task else f"task {state.task!r}"
            raise KeyConflict(f"key {key!r} was used with {what}")
        if isinstance(state, InProgress):
            details = replace(cascade.account.details(), may_retry=True, retry_after=state.seconds)
            raise RunInProgress(f"a run with key {key!r} is under way", details)
        return cls(store, key, state.token, None)

    def keep(self, result: Result, now: float) -> Result:
        """Store the result; it is the caller's even where storing it fails."""
        self._kept = True
        try:
            self._store.finish(self._key, encode(result), now, token=self._token)
        except LedgerError as error:
            log.error("the answer under key %s could not be kept: %s", self._key, error)
        return result

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


def _digest(cascade: Cascade) -> str:
    request = cascade.request
    text = json.dumps(
        [request.task.name, request.tier, request.inputs], sort_keys=True, ensure_ascii=False
    )
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
