"""The drivers: perform the step machine's effects, blocking or awaiting, and nothing else.

Four of them, because a stream's reader takes part in the run: each is the same loop over the
same effects. A run that is cut off is accounted for here: a closed generator may not yield.
"""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from router.claude.call import AsyncRelay, Relay, aperform, perform
from router.claude.transport import AsyncTransport, Transport
from router.engine.cascade import Cascade
from router.engine.effects import Call, CallAll, Effect, Emit, Outcome, Record, Sleep
from router.errors import RouterError
from router.ledger.base import Ledger
from router.types import Discard, Restart, Result, StreamEvent

__all__ = ["adrive", "adrive_stream", "drive", "drive_stream"]

log = logging.getLogger("router")


def drive(
    cascade: Cascade,
    transport: Transport,
    ledger: Ledger,
    sleep: Callable[[float], None] = time.sleep,
) -> Result:
    """Run to the end in this thread."""
    _ready_in_time(cascade, transport)
    steps = cascade.steps()
    clock = cascade.engine.monotonic
    try:
        effect = next(steps)
        while True:
            try:
                if type(effect) is Call:
                    outcome: Any = perform(transport, effect.request, clock)
                else:
                    outcome = _perform_other(effect, transport, ledger, sleep, clock)
            except RouterError as error:
                effect = steps.throw(error)
            else:
                effect = steps.send(outcome)
    except StopIteration as end:
        result: Result = end.value
        return result
    finally:
        steps.close()
        _account_for(cascade, ledger)


def drive_stream(
    cascade: Cascade,
    transport: Transport,
    ledger: Ledger,
    sleep: Callable[[float], None] = time.sleep,
) -> Generator[StreamEvent, None, None]:
    """Run to the end, passing events on as they come; the last one is the Result."""
    _ready_in_time(cascade, transport)
    steps = cascade.steps()
    clock = cascade.engine.monotonic
    try:
        effect = next(steps)
        while True:
            try:
                if type(effect) is Call and effect.request.relay:
                    passing = Relay(transport, effect.request, clock)
                    try:
                        yield from passing
                    finally:
                        passing.close()  # a reader who leaves: what was used by then is kept
                        cascade.note_cut(passing.outcome)
                    outcome: Any = passing.result()
                elif type(effect) is Call:
                    outcome = perform(transport, effect.request, clock)
                elif type(effect) is Emit:
                    _note(effect)
                    outcome = yield effect.event
                else:
                    outcome = _perform_other(effect, transport, ledger, sleep, clock)
            except RouterError as error:
                effect = steps.throw(error)
            else:
                effect = steps.send(outcome)
    except StopIteration as end:
        yield end.value
    finally:
        steps.close()
        _account_for(cascade, ledger)


async def adrive(
    cascade: Cascade,
    transport: AsyncTransport,
    ledger: Ledger,
    sleep: Callable[[float], Awaitable[None]] | None = None,
) -> Result:
    """Run to the end in this task. Cancelling it records what was spent, then goes on up."""
    await _aready_in_time(cascade, transport)
    steps = cascade.steps()
    clock = cascade.engine.monotonic
    try:
        effect = next(steps)
        while True:
            try:
                if type(effect) is Call:
                    outcome: Any = await aperform(transport, effect.request, clock)
                else:
                    outcome = await _aperform_other(effect, transport, ledger, sleep, clock)
            except RouterError as error:
                effect = steps.throw(error)
            else:
                effect = steps.send(outcome)
    except StopIteration as end:
        result: Result = end.value
        return result
    finally:
        steps.close()
        await _aaccount_for(cascade, ledger)


async def adrive_stream(
    cascade: Cascade,
    transport: AsyncTransport,
    ledger: Ledger,
    sleep: Callable[[float], Awaitable[None]] | None = None,
) -> AsyncGenerator[StreamEvent, None]:
    """Run to the end in this task, passing events on; the last one is the Result."""
    await _aready_in_time(cascade, transport)
    steps = cascade.steps()
    clock = cascade.engine.monotonic
    try:
        effect = next(steps)
        while True:
            try:
                if type(effect) is Call and effect.request.relay:
                    passing = AsyncRelay(transport, effect.request, clock)
                    try:
                        async for delta in passing:
                            yield delta
                    finally:
                        await passing.aclose()
                        cascade.note_cut(passing.outcome)
                    outcome: Any = passing.result()
                elif type(effect) is Call:
                    outcome = await aperform(transport, effect.request, clock)
                elif type(effect) is Emit:
                    _note(effect)
                    yield effect.event
                    outcome = None
                else:
                    outcome = await _aperform_other(effect, transport, ledger, sleep, clock)
            except RouterError as error:
                effect = steps.throw(error)
            else:
                effect = steps.send(outcome)
    except StopIteration as end:
        yield end.value
    finally:
        steps.close()
        await _aaccount_for(cascade, ledger)


def _ready_in_time(cascade: Cascade, transport: Transport) -> None:
    """Build the client before the first attempt is measured out: the SDK's import takes a second,
    which is the deadline's too."""
    if cascade.deadline is not None:
        prepare = getattr(transport, "prepare", None)
        if prepare is not None:
            prepare()


async def _aready_in_time(cascade: Cascade, transport: AsyncTransport) -> None:
    if cascade.deadline is not None:
        prepare = getattr(transport, "prepare", None)
        if prepare is not None:
            await prepare()


def _perform_other(
    effect: Effect,
    transport: Transport,
    ledger: Ledger,
    sleep: Callable[[float], None],
    clock: Callable[[], float],
) -> tuple[Outcome, ...] | None:
    if type(effect) is Record:
        ledger.write(effect)
    elif type(effect) is Sleep:
        log.info(effect.note)
        sleep(effect.seconds)
    elif type(effect) is CallAll:
        with ThreadPoolExecutor(len(effect.requests), "router-sample") as pool:
            return tuple(
                pool.map(lambda request: perform(transport, request, clock), effect.requests)
            )
    elif type(effect) is Emit:
        _note(effect)
    return None


async def _aperform_other(
    effect: Effect,
    transport: AsyncTransport,
    ledger: Ledger,
    sleep: Callable[[float], Awaitable[None]] | None,
    clock: Callable[[], float],
) -> tuple[Outcome, ...] | None:
    import asyncio

    if type(effect) is Record:
        await ledger.awrite(effect)
    elif type(effect) is Sleep:
        log.info(effect.note)
        await (sleep or asyncio.sleep)(effect.seconds)
    elif type(effect) is CallAll:
        try:
            async with asyncio.TaskGroup() as group:
                calls = [
                    group.create_task(aperform(transport, request, clock))
                    for request in effect.requests
                ]
        except ExceptionGroup as several:
            raise several.exceptions[0] from None  # as one call would have raised it
        return tuple(call.result() for call in calls)
    elif type(effect) is Emit:
        _note(effect)
    return None


def _note(effect: Emit) -> None:
    event = effect.event
    if isinstance(event, Restart):
        log.info("tier %s left for %s: %s", event.tier, event.to, event.reason)
    elif isinstance(event, Discard):
        log.info("text of tier %s discarded: %s", event.tier, event.reason)


def _account_for(cascade: Cascade, ledger: Ledger) -> None:
    record = cascade.abandon()
    if record is not None:
        ledger.write(record)


async def _aaccount_for(cascade: Cascade, ledger: Ledger) -> None:
    record = cascade.abandon()
    if record is not None:
        import asyncio

        # A second cancellation must not lose the row: the write goes on in its own task.
        await asyncio.shield(asyncio.ensure_future(ledger.awrite(record)))
