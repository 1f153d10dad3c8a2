"""One key, one payment: a result is kept for 24 hours and given again for the same inputs."""

from __future__ import annotations

import hashlib
import json
from types import TracebackType

from router.engine.cascade import Cascade
from router.errors import KeyConflict, RunInProgress
from router.ledger.results import decode_result, encode_result
from router.ledger.store import Conflict, InProgress, ResultStore, Stored
from router.types import Result

__all__ = ["Lease"]


class Lease:
    """The right to run under a key, or the result that was stored under it.

    As a context manager it gives the key back when the run fails: a failure is not kept.
    """

    def __init__(self, store: ResultStore, key: str, stored: Result | None) -> None:
        self._store = store
        self._key = key
        self._kept = False
        self.stored = stored

    @classmethod
    def take(cls, store: ResultStore, key: str, cascade: Cascade, now: float) -> Lease:
        """Raises KeyConflict, RunInProgress, LedgerError."""
        task = cascade.request.task.name
        state = store.begin(
            key, task, _digest(cascade), now, lease=(cascade.deadline_seconds or 3600.0) + 60.0
        )
        if isinstance(state, Stored):
            return cls(store, key, decode_result(state.result))
        if isinstance(state, Conflict):
            raise KeyConflict(f"key {key!r} was used with another task or other inputs")
        if isinstance(state, InProgress):
            raise RunInProgress(
                f"a run with key {key!r} is under way; ask again later",
                cascade.account.details(),
            )
        return cls(store, key, None)

    def keep(self, result: Result, now: float) -> Result:
        """Store the result; it is handed out even where storing fails."""
        self._store.finish(self._key, encode_result(result), now)
        self._kept = True
        return result

    def __enter__(self) -> Lease:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self._kept:
            self._store.abandon(self._key)


def _digest(cascade: Cascade) -> str:
    request = cascade.request
    text = json.dumps(
        [request.task.name, request.tier, request.inputs], sort_keys=True, ensure_ascii=False
    )
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
