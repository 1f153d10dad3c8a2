"""Outages, through the Router: they are not multiplied, not noticed where small, and end."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from router.errors import RunError
from router.ledger.base import NullLedger
from router.router import Router
from router.testing import Emulator, ManualClock, fault

POLICY = """
version: 1
models: {haiku: claude-haiku-5-5, sonnet: claude-sonnet-5-5, opus: claude-opus-5-5}
tasks:
  write:
    input:
      type: object
      required: [topic]
      additionalProperties: false
      properties: {topic: {type: string, maxLength: 100}}
    prompt: {user: 'Write about {{ topic | tag("topic") }}'}
    tiers:
      - {model: haiku, max_tokens: 256}
      - {model: sonnet, max_tokens: 256}
      - {model: opus, max_tokens: 256}
    budget: {run: {deadline: 30s}}
"""


class Traffic:
    """Runs one after the other, and how they went."""

    def __init__(self, router: Router, claude: Emulator, clock: ManualClock) -> None:
        self.router, self.claude, self.clock = router, claude, clock

    def one(self) -> bool:
        try:
            self.router.run("write", {"topic": "x"})
        except RunError:
            return False
        return True

    def many(self, runs: int, every: float) -> tuple[int, float]:
        """How many succeeded, and calls per run."""
        before = self.claude.calls
        succeeded = 0
        for _ in range(runs):
            succeeded += self.one()
            self.clock.advance(every)
        return succeeded, (self.claude.calls - before) / runs


@pytest.fixture
def traffic(
    router_factory: Callable[..., Router],
    claude: Emulator,
    manual_clock: ManualClock,
    tmp_path: Path,
) -> Traffic:
    (tmp_path / "p.yaml").write_text(POLICY)
    return Traffic(router_factory(tmp_path / "p.yaml", ledger=NullLedger()), claude, manual_clock)


@pytest.mark.parametrize("kind", ["overloaded", "connection", "timeout", "bad_response"])
@pytest.mark.parametrize("every", [0.005, 0.5])
def test_a_total_outage_is_not_multiplied(traffic: Traffic, kind: str, every: float) -> None:
    """Three tiers, five retries each allowed: 1.2 calls a run at most, then 1.05."""
    traffic.claude.script.reply(fault(kind))
    succeeded, calls = traffic.many(1000, every)
    assert succeeded == 0
    assert calls <= 1.2
    assert traffic.many(1000, every)[1] <= 1.05


@pytest.mark.parametrize("kind", ["overloaded", "timeout"])
def test_service_is_back_within_ten_seconds_of_an_outages_end(traffic: Traffic, kind: str) -> None:
    """Every run that begins later than that succeeds, though the retry budget is spent."""
    traffic.claude.script.reply(fault(kind))
    traffic.many(500, 0.05)
    traffic.claude.script.clear()
    ended = traffic.clock.monotonic()
    while traffic.clock.monotonic() < ended + 10:
        traffic.one()
        traffic.clock.advance(0.1)
    succeeded, calls = traffic.many(300, 0.1)
    assert succeeded == 300
    assert calls == 1.0


def test_one_fault_in_ten_is_not_noticed(traffic: Traffic) -> None:
    """99.9 % of runs succeed, at 1.15 calls a run at most."""
    chance = random.Random(5)

    def sometimes(_: Any) -> Any:
        return fault("overloaded") if chance.random() < 0.1 else "fine"

    traffic.claude.script.reply(sometimes)
    succeeded, calls = traffic.many(3000, 0.05)
    assert succeeded >= 2997
    assert calls <= 1.15


def test_one_model_that_is_down_does_not_take_the_others_along(traffic: Traffic) -> None:
    """Its circuit opens, and runs go to the next tier without drawing on the retry budget."""
    traffic.claude.script.on(tier="haiku").reply(fault("overloaded"))
    succeeded, _ = traffic.many(300, 0.05)
    assert succeeded >= 280
    succeeded, calls = traffic.many(300, 0.05)
    assert succeeded == 300
    assert calls <= 1.1
