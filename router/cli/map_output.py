"""The file of results of `router map`, and the job beside it while it is unfinished.

The job file holds a token that is part of every row's idempotency key: a row that was paid for
but not yet written when the process was killed is found again under it, and a job begun anew
never meets the answers of an older one. Its lock keeps two processes from one file.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Self

from router.errors import UsageError

__all__ = ["Finished", "MapOutput"]


@dataclass(slots=True)
class Finished:
    """What the file held already: rows of the source that are answered, by id."""

    ids: set[str] = field(default_factory=set)
    cost: Decimal = Decimal(0)
    tiers: list[str] = field(default_factory=list)


class MapOutput:
    """Appends results, one line each, whole lines only. A context manager.

    Raises:
        UsageError: the file is not one of ours, is another task's, or is being written to.
    """

    def __init__(self, path: Path, task: str) -> None:
        self.path = path
        self.job_path = path.with_name(path.name + ".job")
        self.resumed = False
        self.complete = False  # set by the caller once no row is left: the job file goes
        self._begun = False
        self._job = -1
        self._out = -1
        if path.exists() and not path.is_file() and not path.is_dir():
            raise UsageError(f"cannot write {path}: results are read again, so it must be a file")
        try:
            self._job = self._locked()
            self.token = self._job_token(task)
            self._out = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
        except OSError as error:
            self.close()
            raise UsageError(f"cannot write {path}: {error.strerror}") from None
        except UsageError:
            self.close()
            raise

    def take_up(self, digests: Mapping[str, str]) -> Finished:
        """Read what is there, drop a half-written line and the errors of rows to be run again.

        Args:
            digests: of the inputs of each row of the source, by id.

        Raises:
            UsageError: a line is no result, answers other inputs than the source now has, or
                answers a row of it under another id.
        """
        finished = Finished()
        strangers: dict[str, str] = {}  # inputs that are answered to ids that the source has not
        kept: list[bytes] = []
        raw = self.path.read_bytes()
        lines = raw.split(b"\n")
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            result = self._result(line, number, last=number == len(lines))
            if result is None:
                continue
            name = str(result["id"])
            if "error" in result:
                if name not in digests:
                    kept.append(line)
                continue
            if name not in digests:
                strangers.setdefault(str(result.get("inputs_digest")), name)
                kept.append(line)
                continue
            if result.get("inputs_digest") != digests[name]:
                raise UsageError(
                    f"{self.path}:{number}: answers other inputs than row {name} now has, or "
                    "another task; choose another --out, or remove the lines to be run again"
                )
            kept.append(line)
            finished.ids.add(name)
            finished.cost += _money(result.get("cost"))
            finished.tiers.append(str(result.get("tier")))
        if not finished.ids:
            self._refuse_renamed(strangers, digests)
        self._rewrite(raw, b"".join(line + b"\n" for line in kept))
        return finished

    def _refuse_renamed(self, strangers: Mapping[str, str], digests: Mapping[str, str]) -> None:
        """Rows that were answered under ids of another kind would all be paid for again."""
        for name, made_of in digests.items():
            if made_of in strangers:
                raise UsageError(
                    f"{self.path} has the answer to row {name} under the id "
                    f"{strangers[made_of]!r}: give --id as when it was begun, or another --out"
                )

    def append(self, line: Mapping[str, Any]) -> None:
        """Write one line at once: a reader, or the next process, sees it whole.

        Raises:
            UsageError: the disk is full, or the file cannot be written.
        """
        self._begun = True
        try:
            data = json.dumps(line, ensure_ascii=False).encode()
        except UnicodeEncodeError:  # half a surrogate pair in an answer
            data = json.dumps(line).encode()
        try:
            self._write(data + b"\n")
        except OSError as error:
            raise UsageError(
                f"cannot write {self.path}: {error.strerror}; answers are kept for a day, "
                "the same command goes on from here"
            ) from None

    def close(self) -> None:
        if self._out >= 0:
            os.close(self._out)
            self._out = -1
        if self._job >= 0:
            if self.complete or not (self.resumed or self._begun):
                self.job_path.unlink(missing_ok=True)
            os.close(self._job)
            self._job = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _locked(self) -> int:
        while True:
            job = os.open(self.job_path, os.O_RDWR | os.O_CREAT, 0o600)
            if not _lock(job):
                os.close(job)
                raise UsageError(f"another process is writing to {self.path}")
            try:
                # The process before us may have finished and removed what we have just locked.
                if os.fstat(job).st_ino == self.job_path.stat().st_ino:
                    return job
            except FileNotFoundError:
                pass
            os.close(job)

    def _job_token(self, task: str) -> str:
        try:
            job = json.loads(os.read(self._job, 4096))
            begun_for, token = str(job["task"]), str(job["token"])
        except (ValueError, KeyError, TypeError):
            begun_for, token = task, ""
        if token and self.path.exists():
            if begun_for != task:
                raise UsageError(f"{self.path} was begun for task {begun_for!r}")
            self.resumed = True
            return token
        token = secrets.token_hex(12)
        os.ftruncate(self._job, 0)
        os.pwrite(self._job, json.dumps({"task": task, "token": token}).encode(), 0)
        return token

    def _result(self, line: bytes, number: int, *, last: bool) -> dict[str, Any] | None:
        try:
            result = json.loads(line)
        except ValueError:
            if last:
                return None  # what a killed process left; its answer is kept under its key
            result = None
        if (
            not isinstance(result, dict)
            or "id" not in result
            or not {"output", "error"} & set(result)
        ):
            raise UsageError(f"{self.path}:{number}: not a result of `router map`")
        return result

    def _rewrite(self, before: bytes, after: bytes) -> None:
        if before == after:
            return
        beside = self.path.with_name(self.path.name + ".new")
        with beside.open("wb") as file:
            file.write(after)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self.path)
        os.close(self._out)
        self._out = os.open(self.path, os.O_RDWR | os.O_APPEND)

    def _write(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._out, data) :]


def _lock(descriptor: int) -> bool:
    if sys.platform == "win32":  # pragma: no cover - no flock there; the token still keeps
        return True  # answers apart
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _money(value: Any) -> Decimal:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return Decimal(0)
