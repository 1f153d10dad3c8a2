"""Reading many policies leaves the garbage collector as it was."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from router.policy.burst import burst


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    enabled = gc.isenabled()
    yield
    (gc.enable if enabled else gc.disable)()


def test_the_collector_waits_and_comes_back() -> None:
    gc.enable()
    with burst():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_it_comes_back_after_an_error() -> None:
    gc.enable()
    with pytest.raises(ZeroDivisionError), burst():
        _ = 1 / 0
    assert gc.isenabled()


def test_who_switched_it_off_keeps_it_off() -> None:
    gc.disable()
    with burst():
        pass
    assert not gc.isenabled()
