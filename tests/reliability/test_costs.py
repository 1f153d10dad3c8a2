"""Money: what a run says it cost is what the pricing package says, and what every sum says."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import genai_prices
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.engine.limits import Circuits, Limits, RetryBudget
from router.errors import RunError
from router.reports import build
from router.router import Router
from router.settings import Settings
from router.testing import Emulator, ManualClock, fault, refuse, reply, truncate
from router.types import Result, TextDelta

ROLE = "You sort messages for a bank. " * 200
POLICY = f"""
version: 1
models: {{haiku: claude-haiku-5-5, sonnet: claude-sonnet-5-5, opus: claude-opus-5-5}}
tasks:
  _base:
    input:
      type: object
      required: [message]
      additionalProperties: false
      properties: {{message: {{type: string, maxLength: 500}}}}
    output:
      type: object
      required: [label, confidence]
      additionalProperties: false
      properties:
        label: {{enum: [billing, other]}}
        confidence: {{type: number, minimum: 0, maximum: 1}}
    prompt:
      system:
        - {{text: "{ROLE}", cache: 1h}}
        - {{text: "{ROLE}", cache: 5m}}
      user: 'Sort this. {{{{ message | tag("message") }}}}'
    retry: {{retries: 2, base: 10ms, cap: 20ms}}
    tiers:
      - {{model: haiku, max_tokens: 256, escalate: [{{below: 0.8}}]}}
      - {{model: sonnet, max_tokens: 512, escalate: [{{below: 0.5}}]}}
      - {{model: opus, max_tokens: 512}}
  field: {{extends: _base, confidence: {{field: output.confidence}}}}
  eager: {{extends: field, stream: eager}}
  agree: {{extends: _base, confidence: {{agreement: {{samples: 3, of: output.label}}}}}}
  check:
    extends: _base
    input:
      type: object
      required: [message, answer]
      additionalProperties: false
      properties:
        message: {{type: string, maxLength: 500}}
        answer: {{type: string, maxLength: 5000}}
    prompt: {{system: null, user: '{{{{ message | tag("m") }}}} {{{{ answer | tag("a") }}}}'}}
    tiers: [{{model: haiku, max_tokens: 64}}]
  verified:
    extends: _base
    confidence:
      all: [{{field: output.confidence}}, {{verifier: check}}]
    budget: {{run: {{attempts: 6}}}}
"""
ASK = {"message": "charged twice"}
SURE = {"label": "billing", "confidence": 0.95}
UNSURE = {"label": "other", "confidence": 0.2}


def by_package(model: str, usage: dict[str, Any]) -> Decimal:
    """What the pricing package asks for a usage as the API reports it."""
    split = usage.get("cache_creation") or {}
    short = split.get("ephemeral_5m_input_tokens", 0)
    long = split.get("ephemeral_1h_input_tokens", 0)
    read = usage.get("cache_read_input_tokens", 0)
    return genai_prices.calc_price(
        genai_prices.Usage(
            input_tokens=usage["input_tokens"] + short + long + read,
            output_tokens=usage["output_tokens"],
            cache_read_tokens=read,
            cache_write_tokens=short + long,
            cache_write_5m_tokens=short,
            cache_write_1h_tokens=long,
        ),
        model,
        provider_id="anthropic",
        genai_request_timestamp=datetime(2026, 11, 22, 12, tzinfo=UTC),
    ).total_price


def told(input_: int, output: int, short: int, long: int, read: int) -> dict[str, Any]:
    return {
        "input_tokens": input_,
        "output_tokens": output,
        "cache_creation_input_tokens": short + long,
        "cache_read_input_tokens": read,
        "cache_creation": {"ephemeral_5m_input_tokens": short, "ephemeral_1h_input_tokens": long},
    }


# --- one run, worked through -------------------------------------------------------------


@pytest.fixture
def live(tmp_path: Path, server: Any, environment: None) -> Iterator[Router]:
    """A router over the SDK onto the loopback server, on a fixed day."""
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "p.yaml").write_text(POLICY)
    router = Router(
        tmp_path / "policies",
        ledger=tmp_path / "ledger.db",
        base_url=server.url,
        settings=Settings.from_environment({}),
        limits=Limits(RetryBudget(), Circuits(random.random)),
        wall=lambda: 1_795_348_800.0,
    )
    yield router
    router.close()


@pytest.mark.parametrize("mode", ["run", "stream"])
def test_a_run_costs_what_the_pricing_package_says(
    live: Router, server: Any, wire: Any, tmp_path: Path, mode: str
) -> None:
    """Cache writes of both lives, reads, an attempt that failed, and one that was left: exact."""
    first = told(1_234, 87, 2_345, 3_457, 11)
    second = told(877, 143, 1_007, 0, 5_701)
    server.play(
        ["reset"] if mode == "run" else wire.cut(wire.start(usage=first), wire.OPEN),
        [wire.http(_body(wire, UNSURE, first, "claude-haiku-5-5"))],
        [wire.http(_body(wire, SURE, second, "claude-sonnet-5-5"))],
    )
    if mode == "run":
        result = live.run("field", ASK)
    else:
        *_, result = live.stream("eager", ASK)
    assert isinstance(result, Result)
    assert [(a.tier, a.error is None) for a in result.attempts] == [
        ("haiku", False),
        ("haiku", True),
        ("sonnet", True),
    ]
    failed, left, taken = (a.cost for a in result.attempts)
    assert left == by_package("claude-haiku-5-5", first)
    assert taken == by_package("claude-sonnet-5-5", second)
    if mode == "run":
        # Nothing is known of it: the whole prompt at its dearest, and all of max_tokens.
        bound = live.plan("field", ASK).tiers[0].request.bound  # type: ignore[attr-defined]
        assert failed == by_package("claude-haiku-5-5", told(0, 256, 0, bound, 0))
    else:
        # What went in was told before it was cut; what would have come out is the ceiling.
        assert failed == by_package("claude-haiku-5-5", {**first, "output_tokens": 256})
    assert failed + left + taken == result.cost
    report = build(tmp_path / "ledger.db", now=1_795_348_801.0)
    assert report.total.cost == report.total.runs_cost == result.cost


def _body(wire: Any, output: Any, usage: dict[str, Any], model: str) -> bytes:
    import json

    text = json.dumps(output)
    return wire.message(content=[{"type": "text", "text": text}], usage=usage, model=model)


# --- every run ---------------------------------------------------------------------------

USAGES = st.sampled_from(
    [
        {},
        {"input_tokens": 3, "output_tokens": 7},
        {"cache_read_input_tokens": 901, "cache_creation_input_tokens": 0, "cache_creation": None},
        told(1, 1, 99, 7, 3),
        {"output_tokens": -1},
        {"input_tokens": "many"},
    ]
)
ITEMS = st.one_of(
    st.builds(lambda usage: reply(SURE, usage=usage), USAGES),
    st.builds(lambda usage: reply(UNSURE, usage=usage), USAGES),
    st.builds(lambda usage: reply({"label": "none", "confidence": 1}, usage=usage), USAGES),
    st.builds(refuse),
    st.builds(truncate, st.just('{"label": "bil')),
    st.sampled_from(
        [
            "overloaded",
            "server_error",
            "bad_gateway",
            "reset",
            "timeout",
            "connection",
            "not_found",
            "invalid_request",
            "bad_response",
            "truncated_body",
            "stalled",
            "early_end",
            "stream_error",
        ]
    ).map(fault),
)


class Books:
    """A router, its ledger, and the sums that must agree."""

    def __init__(self, folder: Path) -> None:
        (folder / "policies").mkdir()
        (folder / "policies" / "p.yaml").write_text(POLICY)
        self.path = folder / "ledger.db"
        self.clock = ManualClock()
        self.claude = Emulator(clock=self.clock)
        self.router = Router(
            folder / "policies",
            ledger=self.path,
            emulator=self.claude,
            settings=Settings.from_environment({}),
            limits=Limits(RetryBudget(1e9), Circuits(random.Random(1).random)),
            wall=self.clock.time,
            monotonic=self.clock.monotonic,
            sleep=self.clock.sleep,
            asleep=self.clock.asleep,
            rng=random.Random(2).random,
        )
        self._known = 0

    def run(self, task: str, mode: str, stop_after: int, deadline: float | None) -> Any:
        """A Result, a RunError, or None for a run that was given up."""
        self.clock.advance(60.0)  # circuits close
        try:
            if mode == "run":
                return self.router.run(task, ASK, deadline=deadline)
            if mode == "stream":
                return self._stream(task, stop_after, deadline)
            return asyncio.run(self._cancelled(task, mode, stop_after, deadline))
        except RunError as error:
            return error

    def _stream(self, task: str, stop_after: int, deadline: float | None) -> Any:
        events = self.router.stream(task, ASK, deadline=deadline)
        for number, event in enumerate(events):
            if isinstance(event, Result):
                return event
            if number >= stop_after:
                events.close()
                return None
        raise AssertionError("a stream without a result")

    async def _cancelled(
        self, task: str, mode: str, stop_after: int, deadline: float | None
    ) -> Any:
        doing = asyncio.create_task(
            self.router.arun(task, ASK, deadline=deadline)
            if mode == "arun"
            else self._last(task, deadline)
        )
        if stop_after < 30:
            for _ in range(stop_after):
                await asyncio.sleep(0)
            doing.cancel()
        try:
            return await doing
        except asyncio.CancelledError:
            return None

    async def _last(self, task: str, deadline: float | None) -> Any:
        event: Any = None
        async for event in self.router.astream(task, ASK, deadline=deadline):
            assert isinstance(event, Result | TextDelta) or event.reason
        return event

    def new_run(self) -> tuple[list[tuple[str, str]], str] | None:
        """The rows of the run that ended last: statuses and costs, and the run's own cost."""
        connection = sqlite3.connect(self.path)
        try:
            found = connection.execute(
                "SELECT run_id, cost, status FROM runs ORDER BY started_at"
            ).fetchall()
            if len(found) == self._known:
                return None
            assert len(found) == self._known + 1
            self._known = len(found)
            rows = connection.execute(
                "SELECT status, cost FROM attempts WHERE run_id = ?", (found[-1][0],)
            ).fetchall()
            return rows, found[-1][1]
        finally:
            connection.close()


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Books]:
    made = Books(tmp_path_factory.mktemp("books"))
    yield made
    total = build(made.path, now=made.clock.time()).total
    assert total.cost == total.runs_cost > 0
    assert (total.under_way, total.interrupted) == (0, 0)
    made.router.close()


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    task=st.sampled_from(["field", "eager", "agree", "verified"]),
    mode=st.sampled_from(["run", "stream", "arun", "astream"]),
    items=st.lists(ITEMS, min_size=1, max_size=7),
    stop_after=st.integers(0, 60),
    deadline=st.sampled_from([None, 90.0, 3.0]),
)
def test_every_sum_says_the_same(
    books: Books, task: str, mode: str, items: list[Any], stop_after: int, deadline: float | None
) -> None:
    """Whatever happens: no row is left open, and attempts, run, result and error agree exactly."""
    books.claude.script.clear()
    books.claude.script.reply(*items)
    outcome = books.run(task, mode, stop_after, deadline)
    written = books.new_run()
    if written is None:  # cancelled before it began
        assert outcome is None
        return
    rows, run_cost = written
    paid = sum((Decimal(cost) for _, cost in rows), Decimal(0))
    assert all(status != "reserved" for status, _ in rows)
    assert paid == Decimal(run_cost)
    if isinstance(outcome, Result):
        assert outcome.cost == paid == sum((a.cost for a in outcome.attempts), Decimal(0))
        assert len(outcome.attempts) == len(rows)
    elif outcome is not None:
        assert outcome.details.cost == paid
        assert len(outcome.details.attempts) == len(rows)
    else:
        assert any(status == "cancelled" for status, _ in rows) or paid >= 0
