"""`router map`: one task over many rows: bounded, resumable, each row's error its own."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from collections.abc import Mapping as AnyMapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from router.cli.failures import say
from router.cli.map_output import Finished, MapOutput
from router.cli.map_progress import MapProgress
from router.cli.map_source import Row, RowSource, digest
from router.cli.show import money
from router.errors import (
    AuthFailed,
    LedgerError,
    RouterError,
    RunError,
    RunInProgress,
    SettingsError,
    Unavailable,
    UsageError,
)
from router.types import Result

if TYPE_CHECKING:
    from router.router import Router

__all__ = ["Mapping", "Summary", "map_rows"]

_OUTAGE = 25  # rows in a row that no tier could answer: the service is down, not the rows


@dataclass(frozen=True, slots=True)
class Mapping:
    """What to map: a task, its rows, and where the results go."""

    task: str
    source: Path
    out: Path
    concurrency: int = 8
    id_field: str | None = None
    limit: int | None = None
    fields: AnyMapping[str, str] = field(default_factory=dict)  # input: field of the row
    tags: AnyMapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Summary:
    """What became of the rows. Money is USD."""

    rows: int
    skipped: int  # answered by an earlier start of the same job
    out: Path
    cost_before: Decimal
    answered: int = 0
    unaccepted: int = 0  # of `answered`, not good enough by the policy
    replayed: int = 0  # of `answered`, paid for by an earlier start
    cost: Decimal = Decimal(0)  # of this start, failed rows included
    emulated: bool = False
    tiers: Counter[str] = field(default_factory=Counter)  # who answered, earlier starts included
    errors: Counter[str] = field(default_factory=Counter)
    stopped: str | None = None  # why rows were left over
    interrupted: bool = False  # because the caller said so

    @property
    def failed(self) -> int:
        return self.errors.total()

    @property
    def left(self) -> int:
        return self.rows - self.skipped - self.answered - self.failed

    def text(self) -> str:
        lines = [f"{self.rows} rows: {self.answered} answered, {self.failed} failed"]
        if self.skipped:
            lines[0] += f", {self.skipped} answered before"
        if self.left:
            lines[0] += f", {self.left} left"
        mark = " (emulated replies, real prices)" if self.emulated else ""
        before = f", {money(self.cost_before)} before" if self.cost_before else ""
        lines.append(f"cost {money(self.cost)} USD{before}{mark}")
        if self.replayed:
            lines.append(f"{self.replayed} had been paid for already and were not paid again")
        if self.unaccepted:
            lines.append(f"{self.unaccepted} answers not accepted by the policy (accepted: false)")
        if self.tiers:
            whole = self.tiers.total()
            shares = (f"{name} {n} ({n / whole:.1%})" for name, n in self.tiers.most_common())
            lines.append(f"tiers: {', '.join(shares)}")
        if self.errors:
            kinds = ", ".join(f"{kind} {n}" for kind, n in self.errors.most_common())
            lines.append(f"failed: {kinds}; see the error lines in {self.out}")
        if self.stopped is not None:
            lines.append(f"stopped: {self.stopped}")
        if self.stopped is not None or self.errors:
            lines.append("the same command goes on from here")
        return "\n".join(lines)


async def map_rows(job: Mapping, open_router: Callable[[], Router], stderr: TextIO) -> Summary:
    """Run the job's task over its rows, appending a result a row to the job's file.

    SIGINT or SIGTERM lets what is under way finish; a second one cancels it.

    Raises:
        UsageError: the source, the file of results or the job cannot be used; nothing was spent.
    """
    router = open_router()
    try:
        schema = _input_schema(router, job.task)
        _check_fields(job, schema)
        source = RowSource(job.source, schema, job.fields, job.id_field, job.limit)
        digests = source.survey(job.task)
        if job.out.resolve() == job.source.resolve():
            raise UsageError("--out is the source itself")
        with MapOutput(job.out, job.task) as output:
            finished = output.take_up(digests)
            if source.ignored:
                names = ", ".join(sorted(source.ignored)[:8])
                say(f"note: no input takes these fields: {names}", stderr)
            run = _Run(job, router, source, output, finished, digests, stderr)
            summary = await run.go()
            output.complete = not (summary.failed or summary.left)
            return summary
    finally:
        await router.aclose()


class _Run:
    """One start of a job."""

    def __init__(
        self,
        job: Mapping,
        router: Router,
        source: RowSource,
        output: MapOutput,
        finished: Finished,
        digests: AnyMapping[str, str],
        stderr: TextIO,
    ) -> None:
        skipped = len(finished.ids)
        self._job = job
        self._router = router
        self._output = output
        self._rows = (row for row in source.rows() if str(row.id) not in finished.ids)
        self._summary = Summary(len(digests), skipped, job.out, finished.cost)
        self._summary.tiers.update(finished.tiers)
        self._progress = MapProgress(stderr, len(digests), skipped)
        self._keyed = router.status().ledger is not None
        if not self._keyed:
            say("note: no ledger, so a row that is cut off by a kill is paid for again", stderr)
        self._outage = 0
        self._workers: list[asyncio.Task[None]] = []

    async def go(self) -> Summary:
        concurrency = max(1, self._job.concurrency)
        with self._signals():
            self._workers = [asyncio.create_task(self._work()) for _ in range(concurrency)]
            try:
                outcomes = await asyncio.gather(*self._workers, return_exceptions=True)
            except asyncio.CancelledError:
                for worker in self._workers:
                    worker.cancel()
                await asyncio.gather(*self._workers, return_exceptions=True)
                raise
            finally:
                self._progress.close()
        for outcome in outcomes:
            if isinstance(outcome, BaseException) and not isinstance(
                outcome, asyncio.CancelledError
            ):
                raise outcome
        return self._summary

    async def _work(self) -> None:
        try:
            for row in self._rows:
                if self._summary.stopped is not None:
                    return
                self._note(row, await self._answer(row))
        except BaseException:
            # A full disk, a bug: the other rows have nowhere to go either.
            self._summary.stopped = self._summary.stopped or "an error ended the job"
            raise

    async def _answer(self, row: Row) -> Result | RouterError:
        if row.problem is not None:
            return UsageError(row.problem)
        key = None
        if self._keyed:
            key = f"map-{self._output.token}-{digest(self._job.task, str(row.id), row.inputs)}"
        try:
            try:
                return await self._ask(row, key)
            except RunInProgress:
                # This job is locked, so whoever had begun this row was killed at it.
                await asyncio.to_thread(self._free, key)
                return await self._ask(row, key)
        except RouterError as error:
            return error

    async def _ask(self, row: Row, key: str | None) -> Result:
        return await self._router.arun(self._job.task, row.inputs, tags=self._job.tags, key=key)

    def _free(self, key: str | None) -> None:
        from router.ledger.store import ResultStore

        ledger = self._router.status().ledger
        assert key is not None  # noqa: S101 (only a key can be in progress)
        assert ledger is not None  # noqa: S101 (keys are only given where there is one)
        store = ResultStore(ledger)
        try:
            store.abandon(key)
        finally:
            store.close()

    def _note(self, row: Row, outcome: Result | RouterError) -> None:
        summary = self._summary
        if isinstance(outcome, Result):
            line = _answer_line(outcome)
            summary.answered += 1
            summary.unaccepted += not outcome.accepted
            summary.emulated |= outcome.emulated
            summary.tiers[outcome.tier] += 1
            if outcome.replayed:
                summary.replayed += 1
                summary.cost_before += outcome.cost
            else:
                summary.cost += outcome.cost
        else:
            line = {"error": _error_facts(outcome)}
            summary.errors["unreadable row" if row.problem else type(outcome).__name__] += 1
            if isinstance(outcome, RunError):
                summary.cost += outcome.details.cost
        self._judge(outcome)
        made_of = {"inputs_digest": digest(self._job.task, row.inputs)}
        self._output.append({"id": row.id, **line, **made_of})
        self._progress.advance(summary.failed, money(summary.cost))

    def _judge(self, outcome: Result | RouterError) -> None:
        """Stop where every further row would fail for the same reason."""
        if isinstance(outcome, AuthFailed | LedgerError | SettingsError):
            self._summary.stopped = outcome.message
        self._outage = self._outage + 1 if isinstance(outcome, Unavailable) else 0
        if self._outage >= _OUTAGE + self._job.concurrency:
            self._summary.stopped = f"{self._outage} rows running found no tier that answers"

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        caught = (signal.SIGINT, signal.SIGTERM)
        try:
            for number in caught:
                loop.add_signal_handler(number, self._stop)
        except (NotImplementedError, RuntimeError, ValueError):
            yield  # not the main thread, or Windows: an interrupt cancels at once
            return
        try:
            yield
        finally:
            for number in caught:
                loop.remove_signal_handler(number)

    def _stop(self) -> None:
        if self._summary.stopped is None:
            self._summary.stopped = "interrupted"
            self._summary.interrupted = True
            self._progress.say("finishing what is under way; once more to cancel it")
        else:
            for worker in self._workers:
                worker.cancel()


def _input_schema(router: Router, task: str) -> AnyMapping[str, Any]:
    found = router.policies.tasks.get(task)
    if found is None:
        from router.router import unknown_task

        raise unknown_task(task, router.policies)
    return {} if found.input is None else found.input.source


def _check_fields(job: Mapping, schema: AnyMapping[str, Any]) -> None:
    known = schema.get("properties", {})
    for name in job.fields:
        if name not in known:
            raise UsageError(
                f"--map {name}=…: task {job.task} has no input {name!r}; "
                f"it has: {', '.join(sorted(known))}"
            )


def _answer_line(result: Result) -> dict[str, Any]:
    line: dict[str, Any] = {
        "output": result.output,
        "tier": result.tier,
        "model": result.model,
        "confidence": result.confidence,
        "accepted": result.accepted,
        "cost": format(result.cost, "f"),
        "attempts": len(result.attempts),
        "run_id": result.run_id,
        "revision": result.revision,
        "emulated": result.emulated,
    }
    if not result.accepted:
        line["reason"] = result.reason
    if result.tool_calls:
        line["tool_calls"] = [dict(call) for call in result.tool_calls]
    return line


def _error_facts(error: RouterError) -> dict[str, Any]:
    facts: dict[str, Any] = {"type": type(error).__name__, "message": error.message}
    if isinstance(error, RunError):
        details = error.details
        facts |= {
            "run_id": details.run_id,
            "cost": format(details.cost, "f"),
            "attempts": len(details.attempts),
            "may_retry": details.may_retry,
        }
    return facts
