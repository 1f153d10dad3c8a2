"""Router and AsyncRouter: hold policies, client and ledger; run, stream, plan, reload, close.

They wire the floors together and decide nothing about a run: the step machine does.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from weakref import WeakSet

from router.catalog import load_catalog
from router.compiler.model import PolicySet, Task
from router.drivers import adrive, adrive_stream, drive, drive_stream
from router.engine.cascade import Cascade
from router.engine.inputs import prepare_inputs
from router.engine.limits import Circuits, Limits, RetryBudget
from router.engine.plan import make_plan
from router.engine.run import Engine, RunRequest
from router.errors import SettingsError, UnknownTask, UsageError
from router.ledger.base import Ledger
from router.reloading.holder import PolicyHolder
from router.settings import Settings
from router.types import Plan, Result, RouterStatus, StreamEvent

if TYPE_CHECKING:
    from router.claude.transport import AsyncTransport, Transport
    from router.emulator import Emulator
    from router.ledger.store import ResultStore
    from router.reloading.watcher import Watcher

__all__ = ["AsyncRouter", "Router"]

Inputs = Mapping[str, Any]

# Retries and circuits are the process's, whatever the number of routers in it: an outage does
# not care which object a request came from.
_LIMITS = Limits(RetryBudget(), Circuits(random.random))

_MAX_KEY = 255  # characters, as in Stripe's API


class Router:
    """Runs tasks by policy. Safe to share between threads and between tasks.

    Args:
        policies: a directory or one policy file; else `ROUTER_POLICIES`, else `./policies`.
        ledger: a path, or a ledger object; else `ROUTER_LEDGER`, else `./router.ledger.db`.
        watch: reload when files change; else `ROUTER_WATCH`.
        offline: answer from the embedded emulator; else `ROUTER_OFFLINE`.
        emulator: an emulator of your own (scripts, recordings); implies offline.
        transport, async_transport: in place of any client, for tests and benchmarks.
        client: a ready SDK client (`anthropic.Anthropic`, or a platform's; async for `arun`).
        http_client: an `httpx2` client for the SDK.
        base_url: any Claude-compatible endpoint.
        settings: in place of the environment.
        limits: retry budget and circuits; else those of the process.
        wall, monotonic, sleep, asleep, rng: time and randomness, for tests.

    Raises:
        PolicyError: the policies cannot be used; its findings say where and why.
        SettingsError: a path or a setting that cannot be.
        LedgerError: the ledger cannot be opened.
    """

    def __init__(
        self,
        policies: str | os.PathLike[str] | None = None,
        *,
        ledger: str | os.PathLike[str] | Ledger | None = None,
        watch: bool | None = None,
        offline: bool | None = None,
        emulator: Emulator | None = None,
        transport: Transport | None = None,
        async_transport: AsyncTransport | None = None,
        client: Any = None,
        http_client: Any = None,
        base_url: str | None = None,
        settings: Settings | None = None,
        limits: Limits | None = None,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        asleep: Callable[[float], Awaitable[None]] | None = None,
        rng: Callable[[], float] = random.random,
    ) -> None:
        settings = settings or Settings.from_environment(os.environ)
        self._settings = settings
        self._catalog = load_catalog()
        self._wall = wall
        self._sleep = sleep
        self._asleep = asleep
        root = Path(policies) if policies is not None else settings.policies
        try:
            found = root.exists()
        except OSError as error:
            raise SettingsError(f"cannot read policies at {root}: {error.strerror}") from None
        if not found:
            raise SettingsError(
                f"no policies at {root}: pass a path, set ROUTER_POLICIES, or run `router init`"
            )
        self._holder = PolicyHolder(root, self._catalog, wall)
        given = {"client": client, "http_client": http_client, "base_url": base_url}
        self._client = replace(
            settings.client, **{name: value for name, value in given.items() if value is not None}
        )
        self._emulator = emulator
        self._given = transport
        self._given_async = async_transport
        self._offline = settings.offline if offline is None else offline
        self._transport: Transport | None = None
        self._async_transport: AsyncTransport | None = None
        self._lock = threading.Lock()
        self._closed = False
        self._owns_ledger = ledger is None or not hasattr(ledger, "write")
        self._ledger = self._open_ledger(ledger)
        self._store: ResultStore | None = None
        self._engine = Engine(
            catalog=self._catalog,
            limits=limits or _LIMITS,
            monotonic=monotonic,
            wall=wall,
            random=rng,
            emulated=self._is_emulated(),
            keep_text=settings.ledger_text,
        )
        self._watcher: Watcher | None = None
        self._rewatch = False  # the watcher's thread was left behind by a fork
        if settings.watch if watch is None else watch:
            from router.reloading.watcher import Watcher

            self._watcher = Watcher(self._holder)
        _routers.add(self)

    # --- runs -------------------------------------------------------------------------

    def run(
        self,
        task: str,
        inputs: Inputs | None = None,
        *,
        tags: Mapping[str, str] | None = None,
        deadline: float | None = None,
        tier: str | None = None,
        key: str | None = None,
    ) -> Result:
        """Run a task to its answer.

        Args:
            task: the task's name.
            inputs: by name, checked against the task's input schema before any token is spent.
            tags: added to the policy's own, carried into the ledger.
            deadline: seconds for the whole run; the nearer of this and the policy's holds.
            tier: begin here, whatever the start rules say.
            key: the same key and inputs within 24 hours give the stored result instead of
                paying twice. The answer is kept in the ledger's file until then.

        Raises:
            UsageError: by kind; nothing was sent.
            RunError: by kind; `details` says what was tried and spent.
            LedgerError: the attempt could not be recorded, so it was not made.
        """
        cascade = self._prepare(task, inputs, tags=tags, deadline=deadline, tier=tier)
        transport = self._sync_transport()
        if key is None:
            return drive(cascade, transport, self._ledger, self._sleep)
        from router.idempotency import Lease

        _check_key(key)
        lease = Lease.take(self._results(), key, cascade, self._wall())
        if lease.stored is not None:
            return lease.stored
        ledger = lease.renewed_by(self._ledger, self._wall)
        with lease:
            return lease.keep(drive(cascade, transport, ledger, self._sleep), self._wall())

    def stream(
        self,
        task: str,
        inputs: Inputs | None = None,
        *,
        tags: Mapping[str, str] | None = None,
        deadline: float | None = None,
        tier: str | None = None,
    ) -> Generator[StreamEvent, None, None]:
        """Run a task, passing text on as it comes; the last event is the Result.

        Closing the generator early cancels the run and records what was spent.

        Raises:
            As `run`; StreamInterrupted once text has been passed on.
        """
        cascade = self._prepare(
            task, inputs, tags=tags, deadline=deadline, tier=tier, streaming=True
        )
        return drive_stream(cascade, self._sync_transport(), self._ledger, self._sleep)

    async def arun(
        self,
        task: str,
        inputs: Inputs | None = None,
        *,
        tags: Mapping[str, str] | None = None,
        deadline: float | None = None,
        tier: str | None = None,
        key: str | None = None,
    ) -> Result:
        """`run`, awaited. Cancelling the task cancels the run and records what was spent."""
        cascade = self._prepare(task, inputs, tags=tags, deadline=deadline, tier=tier)
        transport = self._awaiting_transport()
        if key is None:
            return await adrive(cascade, transport, self._ledger, self._asleep)
        from router.idempotency import Lease

        _check_key(key)
        lease = await Lease.atake(self._results(), key, cascade, self._wall())
        if lease.stored is not None:
            return lease.stored
        ledger = lease.renewed_by(self._ledger, self._wall)
        with lease:
            result = await adrive(cascade, transport, ledger, self._asleep)
            return await lease.akeep(result, self._wall())

    def astream(
        self,
        task: str,
        inputs: Inputs | None = None,
        *,
        tags: Mapping[str, str] | None = None,
        deadline: float | None = None,
        tier: str | None = None,
    ) -> AsyncGenerator[StreamEvent, None]:
        """`stream` as an async generator."""
        cascade = self._prepare(
            task, inputs, tags=tags, deadline=deadline, tier=tier, streaming=True
        )
        return adrive_stream(cascade, self._awaiting_transport(), self._ledger, self._asleep)

    # --- the outside ------------------------------------------------------------------

    def plan(self, task: str, inputs: Inputs | None = None, *, tier: str | None = None) -> Plan:
        """What a run would send and cost, without sending.

        Raises:
            UnknownTask, InputInvalid: as `run` would.
        """
        policy_set = self._holder.current
        return make_plan(
            self._task(policy_set, task),
            _checked(inputs),
            catalog=self._catalog,
            today=self._holder.today(),
            start_tier=tier,
            tasks=policy_set.tasks,
        )

    def reload(self) -> RouterStatus:
        """Read the policies again now.

        Raises:
            PolicyError: the candidate is refused; the active set serves on.
        """
        self._holder.reload()
        return self.status()

    def status(self) -> RouterStatus:
        """The active revision, and the last refused candidate with its findings."""
        holder = self._holder
        refusal = holder.refusal
        current = holder.current
        return RouterStatus(
            revision=current.revision,
            loaded_at=holder.loaded_at,
            tasks=tuple(sorted(current.tasks)),
            watching=self._watcher is not None and self._watcher.alive,
            emulated=self._engine.emulated,
            refused_at=None if refusal is None else refusal.since,
            findings=() if refusal is None else refusal.findings,
            alarm=holder.alarm,
            reloads=holder.reloads,
            ledger=self._ledger.location,
            ledger_dropped=self._ledger.dropped,
        )

    @property
    def policies(self) -> PolicySet:
        """The active policy set."""
        return self._holder.current

    def close(self) -> None:
        """Stop watching, close the connections and the ledger. Idempotent.

        Connections that belong to an event loop are closed by `aclose`.
        """
        if self._closed:
            return
        self._closed = True
        if self._watcher is not None:
            self._watcher.close()
        if self._transport is not None:
            self._transport.close()
        if self._store is not None:
            self._store.close()
        if self._owns_ledger:
            self._ledger.close()

    async def aclose(self) -> None:
        """`close`, from an event loop, its connections included."""
        import asyncio

        if self._async_transport is not None:
            await self._async_transport.close()
        await asyncio.to_thread(self.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- how --------------------------------------------------------------------------

    def _prepare(
        self,
        task: str,
        inputs: Inputs | None,
        *,
        tags: Mapping[str, str] | None,
        deadline: float | None,
        tier: str | None,
        streaming: bool = False,
    ) -> Cascade:
        if self._closed:
            raise UsageError("this router is closed")
        if self._rewatch:
            self._watch_again()
        policy_set = self._holder.current
        found = self._task(policy_set, task)
        if tier is not None and all(tier != known.name for known in found.tiers):
            names = ", ".join(known.name for known in found.tiers)
            raise UsageError(f"task {task} has no tier {tier!r}; its ladder is {names}")
        if deadline is not None:
            _check_deadline(deadline)
        request = RunRequest(
            task=found,
            inputs=prepare_inputs(found, _checked(inputs)),
            tasks=policy_set.tasks,
            run_id=_run_id(self._wall()),
            tags=_merged(found.tags, tags),
            deadline=deadline,
            tier=tier,
            streaming=streaming,
        )
        return Cascade(request, self._engine)

    def _task(self, policy_set: PolicySet, name: str) -> Task:
        if not isinstance(name, str):
            raise UsageError(f"task is the name of a task, not {type(name).__name__}")
        task = policy_set.tasks.get(name)
        if task is None:
            raise unknown_task(name, policy_set)
        return task

    def _open_ledger(self, ledger: str | os.PathLike[str] | Ledger | None) -> Ledger:
        if ledger is not None and not isinstance(ledger, str | os.PathLike):
            return ledger
        path = self._settings.ledger if ledger is None else Path(ledger)
        if path is None:
            from router.ledger.base import NullLedger

            return NullLedger()
        from router.ledger.sqlite import SQLiteLedger

        return SQLiteLedger(
            path, mode=self._settings.ledger_mode, keep_text=self._settings.ledger_text
        )

    def _is_emulated(self) -> bool:
        given = self._given or self._given_async
        if given is not None:
            return given.emulated
        return self._offline or self._emulator is not None

    def _sync_transport(self) -> Transport:
        transport = self._given or self._transport
        if transport is None:
            with self._lock:
                if self._transport is None:
                    self._transport = self._build_transport()
                transport = self._transport
        return transport

    def _awaiting_transport(self) -> AsyncTransport:
        transport = self._given_async or self._async_transport
        if transport is None:
            with self._lock:
                if self._async_transport is None:
                    self._async_transport = self._build_async_transport()
                transport = self._async_transport
        return transport

    def _build_transport(self) -> Transport:
        if self._engine.emulated:
            from router.emulator import EmulatorTransport

            return EmulatorTransport(self._shared_emulator(), sleep=self._sleep)
        from router.claude.settings import transport

        return transport(self._client)

    def _build_async_transport(self) -> AsyncTransport:
        if self._engine.emulated:
            from router.emulator import AsyncEmulatorTransport

            return AsyncEmulatorTransport(self._shared_emulator())
        from router.claude.settings import async_transport

        return async_transport(self._client)

    def _shared_emulator(self) -> Emulator:
        if self._emulator is None:
            from router.emulator import Emulator

            self._emulator = Emulator(catalog=self._catalog)
        return self._emulator

    def _results(self) -> ResultStore:
        with self._lock:
            if self._store is None:
                from router.ledger.store import ResultStore

                path = self._ledger.location
                if path is None:
                    raise UsageError("key= needs a ledger: results are kept beside it")
                self._store = ResultStore(Path(path))
            return self._store

    def _begin_anew(self) -> None:
        """In the child of a fork: locks as they were made, threads gone."""
        self._lock = threading.Lock()
        self._holder.renew_lock()
        self._engine.limits.retry_budget.renew_lock()
        self._engine.limits.circuits.renew_lock()
        # A thread is not begun here: most children run another program, or none of ours.
        self._rewatch = self._watcher is not None and not self._closed

    def _watch_again(self) -> None:
        from router.reloading.watcher import Watcher

        with self._lock:
            if self._rewatch:
                self._rewatch = False
                self._watcher = Watcher(self._holder)


class AsyncRouter:
    """`Router` for event loops: the same arguments, every run awaited."""

    def __init__(self, policies: str | os.PathLike[str] | None = None, **options: Any) -> None:
        self._router = Router(policies, **options)

    async def run(
        self,
        task: str,
        inputs: Inputs | None = None,
        *,
        tags: Mapping[str, str] | None = None,
        deadline: float | None = None,
        tier: str | None = None,
        key: str | None = None,
    ) -> Result:
        """`Router.arun`."""
        return await self._router.arun(
            task, inputs, tags=tags, deadline=deadline, tier=tier, key=key
        )

    def stream(
        self,
        task: str,
        inputs: Inputs | None = None,
        *,
        tags: Mapping[str, str] | None = None,
        deadline: float | None = None,
        tier: str | None = None,
    ) -> AsyncGenerator[StreamEvent, None]:
        """`Router.astream`."""
        return self._router.astream(task, inputs, tags=tags, deadline=deadline, tier=tier)

    def plan(self, task: str, inputs: Inputs | None = None, *, tier: str | None = None) -> Plan:
        """`Router.plan`."""
        return self._router.plan(task, inputs, tier=tier)

    async def reload(self) -> RouterStatus:
        """`Router.reload`, off the event loop."""
        import asyncio

        return await asyncio.to_thread(self._router.reload)

    def status(self) -> RouterStatus:
        """`Router.status`."""
        return self._router.status()

    async def close(self) -> None:
        """`Router.aclose`."""
        await self._router.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


_routers: WeakSet[Router] = WeakSet()


def _after_fork() -> None:
    for router in tuple(_routers):
        router._begin_anew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _run_id(now: float) -> str:
    """Time first: rows of one time lie together in the ledger, which spares it pages to write."""
    return f"run_{int(now * 1000):011x}{os.urandom(5).hex()}"


def _check_key(key: str) -> None:
    if not isinstance(key, str) or not 0 < len(key) <= _MAX_KEY:
        raise UsageError(f"key must be a string of 1 to {_MAX_KEY} characters")
    try:
        key.encode()
    except UnicodeEncodeError:
        raise UsageError("key must be text that UTF-8 can carry, without lone surrogates") from None


def _check_deadline(deadline: float) -> None:
    number = isinstance(deadline, int | float) and not isinstance(deadline, bool)
    if not (number and deadline > 0):
        raise UsageError(
            f"deadline is a positive number of seconds, such as 5 or 2.5, not {deadline!r}"
        )


def _checked(inputs: Inputs | None) -> Inputs:
    if inputs is None:
        return {}
    if not isinstance(inputs, Mapping):
        raise UsageError(f"inputs are values by name, not {type(inputs).__name__}")
    return inputs


def unknown_task(name: str, policy_set: PolicySet) -> UnknownTask:
    """The error for a task that a policy set does not have."""
    from router.policy.suggest import did_you_mean

    hint = did_you_mean(name, policy_set.tasks) or ", ".join(sorted(policy_set.tasks)[:12])
    return UnknownTask(f"no task {name!r} in the active policies; {hint}")


def _merged(own: Mapping[str, str], given: Mapping[str, str] | None) -> Mapping[str, str]:
    if given is None:
        return own
    if not isinstance(given, Mapping):
        raise UsageError(f"tags are strings by name, not {type(given).__name__}")
    for name, value in given.items():
        if not isinstance(name, str) or not isinstance(value, str):
            raise UsageError(f"tags are strings by name; {name!r} is {type(value).__name__}")
    return {**own, **given} if given else own
