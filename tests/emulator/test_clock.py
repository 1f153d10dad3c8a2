"""The manual clock: time that passes only when somebody lets it."""

import asyncio

import pytest

from router.emulator import ManualClock


def test_a_sleep_moves_the_clock_and_nothing_else_does():
    clock = ManualClock(start=1000.0)
    clock.sleep(2.5)
    clock.advance(10)
    clock.sleep(-1)
    assert (clock.time(), clock.monotonic()) == (1012.5, 12.5)


def test_the_clock_cannot_be_turned_back():
    with pytest.raises(ValueError, match="back"):
        ManualClock().advance(-1)


def test_overlapping_awaited_sleeps_wake_in_order_and_do_not_add_up():
    clock = ManualClock(start=0.0)
    woken = []

    async def sleeper(name, *naps):
        for nap in naps:
            await clock.asleep(nap)
            woken.append((name, clock.time()))

    async def go():
        await asyncio.gather(sleeper("slow", 5), sleeper("quick", 1, 1, 1), sleeper("at once", 0))

    asyncio.run(go())
    assert woken == [
        ("at once", 0.0),
        ("quick", 1.0),
        ("quick", 2.0),
        ("quick", 3.0),
        ("slow", 5.0),
    ]


def test_a_cancelled_sleep_holds_nobody_up():
    clock = ManualClock(start=0.0)

    async def go():
        first = asyncio.ensure_future(clock.asleep(1))
        second = asyncio.ensure_future(clock.asleep(2))
        await asyncio.sleep(0)
        first.cancel()
        await second
        assert first.cancelled()

    asyncio.run(go())
    assert clock.time() == 2.0
