"""The pytest plugin: loaded in every pytest run of an environment that has this package.

Hence it imports nothing of the package until a fixture is used or a file of policy tests is met.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import os
    from pathlib import Path

    from router.emulator.clock import ManualClock
    from router.emulator.core import Emulator
    from router.router import Router

__all__ = [
    *("claude", "manual_clock", "router_factory"),
    *("pytest_addoption", "pytest_collect_file"),
]

# Others call files so too (docker-compose.test.yaml): ours have a version and a key of ours.
_OURS = re.compile(r"^(?:task|cases|defaults|fixtures|snapshots):", re.MULTILINE)
_VERSION = re.compile(r"^version:", re.MULTILINE)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("policy-router").addoption(
        "--no-policy-tests",
        action="store_true",
        help="do not collect *.test.yaml as policy tests",
    )


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collects files of policy tests, as `router test` does."""
    if not file_path.name.endswith((".test.yaml", ".test.yml")):
        return None
    if parent.config.getoption("no_policy_tests") or not _is_ours(file_path):
        return None
    from router.testing.collecting import PolicyTestFile

    return PolicyTestFile.from_parent(parent, path=file_path)


def _is_ours(file: Path) -> bool:
    text = file.read_text(encoding="utf-8-sig", errors="replace")
    return _VERSION.search(text) is not None and _OURS.search(text) is not None


@pytest.fixture
def manual_clock() -> ManualClock:
    """A clock that moves only when it is told to, or when somebody sleeps on it."""
    from router.emulator.clock import ManualClock

    return ManualClock()


@pytest.fixture
def claude(manual_clock: ManualClock) -> Emulator:
    """A Claude of the test's own, on `manual_clock`; script it with `claude.script.on(…)`."""
    from router.emulator.core import Emulator

    return Emulator(clock=manual_clock)


@pytest.fixture
def router_factory(
    claude: Emulator, manual_clock: ManualClock, tmp_path: Path
) -> Iterator[Callable[..., Router]]:
    """Makes routers over a policy directory, answered by `claude`, on `manual_clock`.

    `router_factory(policies, **options)`: the options are those of `Router`. The ledger lies in
    the test's own directory; the environment, the retry budget and the circuits of the process
    stay out of it, so that tests do not depend on each other. Waits between retries take no
    time. Routers are closed after the test.
    """
    from random import Random

    from router.engine.limits import Circuits, Limits, RetryBudget
    from router.router import Router
    from router.settings import Settings

    made: list[Router] = []

    def make(policies: str | os.PathLike[str], **options: Any) -> Router:
        draw = Random(0).random  # noqa: S311 - jitter, the same in every run of the test
        given: dict[str, Any] = {
            "ledger": tmp_path / "router.ledger.db",
            "emulator": claude,
            "settings": Settings.from_environment({}),
            "limits": Limits(RetryBudget(), Circuits(draw)),
            "wall": manual_clock.time,
            "monotonic": manual_clock.monotonic,
            "sleep": manual_clock.sleep,
            "asleep": manual_clock.asleep,
            "rng": draw,
            **options,
        }
        router = Router(policies, **given)
        made.append(router)
        return router

    yield make
    for router in reversed(made):
        router.close()
