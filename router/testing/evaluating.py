"""`router test --live` and `--replay`: the labelled inputs of test files, answered and judged."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from router.catalog.load import load_catalog
from router.compiler.model import Task
from router.emulator.recordings import Recordings
from router.errors import PolicyError, UsageError
from router.ledger.base import Ledger, NullLedger
from router.settings import Settings
from router.testing.evaluation import Evaluation, Trial
from router.testing.loading import Library, LoadedSuite
from router.testing.purse import Purse
from router.testing.suite import Labelled
from router.testing.trials import Live, replay
from router.types import Severity

if TYPE_CHECKING:
    from router.claude.transport import AsyncTransport

__all__ = ["Evaluated", "evaluate_live", "evaluate_recorded"]


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What came of all test files with labelled inputs."""

    evaluations: tuple[Evaluation, ...]
    emulated: bool  # nothing was sent to a model: the answers are made up, or recorded
    max_usd: Decimal | None = None  # None: a replay

    @property
    def cost(self) -> Decimal:
        """USD of all runs; of a replay, what they once cost."""
        return sum((one.cost for one in self.evaluations), Decimal(0))

    @property
    def exit_code(self) -> int:
        """0 every gate passed, 1 one was missed or a run was not made."""
        return 0 if all(one.passed for one in self.evaluations) else 1


def evaluate_live(
    paths: Sequence[Path] = (),
    *,
    max_usd: Decimal,
    policies: Path | None = None,
    task: str | None = None,
    repeat: int | None = None,
    parallel: int = 4,
    record: Path | None = None,
    offline: bool = False,
    settings: Settings | None = None,
) -> Evaluated:
    """Have labelled inputs answered by real models, for `max_usd` at most in all.

    Args:
        record: JSON Lines that every answer is appended to, for `evaluate_recorded`.
        offline: try the machinery with answers that the emulator makes up; else as `settings`
            have it.
        settings: of the deployment: key, platform, ledger.

    Raises:
        UsageError: nothing to run, or no client can be built.
        PolicyError: the policies or the tests cannot be used.
        RunError: the key does not hold, and nothing was paid before it was found out.
        LedgerError: attempts cannot be recorded, nor could any of a run before.
    """
    settings = settings or Settings.from_environment(os.environ)
    library = Library(load_catalog())
    parts = _parts(library.load_all(paths, policies), task)
    purse = Purse(max_usd)
    with ExitStack() as open_files:
        ledger = _ledger(settings)
        open_files.callback(ledger.close)
        keep = None
        if record is not None:
            # By lines: what is paid for is on the disk, whatever ends this process.
            keep = open_files.enter_context(record.open("a", 1, encoding="utf-8")).write
        transport = _transport(settings, library, offline or settings.offline)

        live = Live(
            library.catalog,
            transport,
            ledger,
            purse,
            parallel,
            keep,
            keep_text=settings.ledger_text,
        )

        async def answer(part: _Part) -> tuple[Trial, ...]:
            return await live.run(part.labelled, part.tasks, repeat=repeat)

        async def whole() -> tuple[Evaluation, ...]:
            try:
                return await _evaluations(parts, answer)
            finally:
                await transport.close()

        evaluated = Evaluated(asyncio.run(whole()), transport.emulated, max_usd)
    if live.stopped is not None and not any(one.made or one.cost for one in evaluated.evaluations):
        raise live.stopped
    return evaluated


def evaluate_recorded(
    recording: Path,
    paths: Sequence[Path] = (),
    *,
    policies: Path | None = None,
    task: str | None = None,
    repeat: int | None = None,
) -> Evaluated:
    """Have labelled inputs answered by what models once said; nothing is sent, nothing is paid.

    Raises:
        UsageError: nothing to run, or the recording cannot be read.
        PolicyError: the policies or the tests cannot be used.
    """
    library = Library(load_catalog())
    parts = _parts(library.load_all(paths, policies), task)
    try:
        recordings = Recordings.load(recording, once=True)
    except OSError as error:
        raise UsageError(f"cannot read {recording}: {error.strerror}") from None
    except ValueError as error:
        raise UsageError(f"no recording: {error}") from None

    async def answer(part: _Part) -> tuple[Trial, ...]:
        return await replay(part.labelled, part.tasks, recordings, library.catalog, repeat=repeat)

    return Evaluated(asyncio.run(_evaluations(parts, answer)), emulated=True)


class _Part(NamedTuple):
    """The labelled inputs of one file, and the tasks of its policy set."""

    file: str
    labelled: Labelled
    tasks: Mapping[str, Task]


def _parts(loaded: Sequence[LoadedSuite], task: str | None) -> list[_Part]:
    findings = dict.fromkeys(finding for one in loaded for finding in one.findings)
    if any(finding.severity is Severity.ERROR for finding in findings):
        raise PolicyError("the tests cannot be used", tuple(findings))
    parts = [
        _Part(str(one.found.path), one.suite.labelled, one.policy_set.tasks)
        for one in loaded
        if one.suite is not None and one.policy_set is not None and one.suite.labelled is not None
    ]
    chosen = [part for part in parts if task in (None, part.labelled.task)]
    if not chosen:
        of_task = "" if task is None else f" for task {task!r}"
        files = f"{len(loaded)} test file{'' if len(loaded) == 1 else 's'}"
        raise UsageError(f"no `live:` part{of_task} in {files}")
    return chosen


async def _evaluations(
    parts: Sequence[_Part], answer: Callable[[_Part], Awaitable[tuple[Trial, ...]]]
) -> tuple[Evaluation, ...]:
    return tuple(
        [
            Evaluation(
                part.file,
                part.labelled,
                part.tasks[part.labelled.task].revision,
                await answer(part),
            )
            for part in parts
        ]
    )


def _ledger(settings: Settings) -> Ledger:
    if settings.ledger is None:
        return NullLedger()
    from router.ledger.sqlite import SQLiteLedger

    return SQLiteLedger(settings.ledger, mode=settings.ledger_mode, keep_text=settings.ledger_text)


def _transport(settings: Settings, library: Library, offline: bool) -> AsyncTransport:
    if offline:
        from router.emulator import AsyncEmulatorTransport, Emulator

        return AsyncEmulatorTransport(Emulator(catalog=library.catalog))
    from router.claude.settings import async_transport

    return async_transport(settings.client)
