"""What must hold when a bound is met in an awkward moment: budgets, deadlines, ledgers, clients."""

from __future__ import annotations

import asyncio
import decimal
import random
import sqlite3
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from router.engine.effects import Record
from router.engine.limits import Circuits, Limits, RetryBudget
from router.errors import (
    BudgetExceeded,
    DeadlineExceeded,
    LedgerError,
    SettingsError,
    Unavailable,
)
from router.ledger.base import NullLedger
from router.ledger.rows import settled_part
from router.router import Router
from router.testing import Emulator, fault, refuse, reply, truncate
from router.types import AttemptStatus, Discard, Result, TextDelta

HEAD = """
version: 1
models: {haiku: claude-haiku-5-5, sonnet: claude-sonnet-5-5, opus: claude-opus-5-5}
tasks:
  _base:
    input:
      type: object
      required: [message]
      additionalProperties: false
      properties: {message: {type: string, maxLength: 500}}
    prompt: {user: 'Sort this. {{ message | tag("message") }}'}
  _sorted:
    extends: _base
    output:
      type: object
      required: [label, confidence]
      additionalProperties: false
      properties:
        label: {enum: [billing, fraud, other]}
        confidence: {type: number, minimum: 0, maximum: 1}
"""
LADDER = """
tiers:
  - {model: haiku, max_tokens: 256, escalate: [{below: 0.8}]}
  - {model: sonnet, max_tokens: 512}
"""
TWO = f"confidence: {{field: output.confidence}}{LADDER}"
SURE = {"label": "billing", "confidence": 0.95}
UNSURE = {"label": "other", "confidence": 0.2}
ASK = {"message": "charged twice"}

Ask = Callable[..., Result]


@pytest.fixture
def make(router_factory: Callable[..., Router], tmp_path: Path) -> Callable[..., Router]:
    """`make(task, …)`: a router over one task `t`, given as the lines that follow its name."""

    def made(task: str, parent: str = "_sorted", more: str = "", **options: Any) -> Router:
        lines = "\n".join(f"    {line}" for line in task.strip().splitlines())
        folder = tmp_path / f"policies-{random.randrange(10**9)}"
        folder.mkdir()
        (folder / "p.yaml").write_text(f"{HEAD}  t:\n    extends: {parent}\n{lines}\n{more}")
        return router_factory(folder, **options)

    return made


@pytest.fixture
def ledger(tmp_path: Path) -> Callable[[], tuple[dict[str, int], Decimal, Decimal]]:
    """Statuses in the ledger, the attempts' cost and the runs' cost."""

    def read() -> tuple[dict[str, int], Decimal, Decimal]:
        connection = sqlite3.connect(tmp_path / "router.ledger.db")
        try:
            attempts = connection.execute("SELECT status, cost FROM attempts").fetchall()
            runs = connection.execute("SELECT cost FROM runs").fetchall()
        finally:
            connection.close()
        statuses: dict[str, int] = {}
        for status, _ in attempts:
            statuses[status] = statuses.get(status, 0) + 1
        paid = sum((Decimal(cost) for _, cost in attempts), Decimal(0))
        return statuses, paid, sum((Decimal(cost) for (cost,) in runs), Decimal(0))

    return read


class Failing(NullLedger):
    """A required ledger whose disk is full from the nth reservation on."""

    def __init__(self, nth: int) -> None:
        self.nth = nth
        self.seen: list[Record] = []

    def write(self, record: Record) -> None:
        reserved = [a for a in record.attempts if a.status is AttemptStatus.RESERVED]
        if any(a.number >= self.nth for a in reserved):
            paid = settled_part(record)
            if paid is not None:
                self.seen.append(paid)
            raise LedgerError("disk full")
        self.seen.append(record)

    async def awrite(self, record: Record) -> None:
        self.write(record)

    def settled(self) -> bool:
        """Whether every reservation that was written has been settled, and sums agree."""
        rows = {a.number: a for record in self.seen for a in record.attempts}
        (run,) = [record.run for record in self.seen if record.run is not None]
        paid = sum((a.cost for a in rows.values()), Decimal(0))
        return run.cost == paid and all(a.status != "reserved" for a in rows.values())


# --- samples -----------------------------------------------------------------------------

AGREEING = f"confidence: {{agreement: {{samples: 3, of: output.label}}}}{LADDER}"


@pytest.mark.parametrize("budget", ["usd: 0.0006", "attempts: 2"])
def test_samples_that_do_not_fit_the_bounds_are_not_reserved(
    claude: Emulator, make: Any, ledger: Any, budget: str
) -> None:
    """Those that fit are asked; no reservation is left open for those that were not."""
    claude.script.reply(SURE)
    router = make(f"{AGREEING}budget: {{run: {{{budget}}}}}")
    result = router.run("t", ASK)
    assert (result.output, result.accepted) == (SURE, False)
    assert "BudgetExceeded" in (result.reason or "")
    statuses, paid, run = ledger()
    assert statuses == {"answered": claude.calls}
    assert claude.calls in (1, 2)
    assert paid == run == result.cost


def test_no_sample_at_all_within_the_budget(claude: Emulator, make: Any, ledger: Any) -> None:
    """Nothing is sent, nothing stays reserved."""
    router = make(f"{AGREEING}budget: {{run: {{usd: 0.0002}}}}")
    with pytest.raises(BudgetExceeded):
        router.run("t", {"message": "7" * 500})
    assert claude.calls == 0
    assert ledger() == ({}, 0, 0)


def test_answers_survive_a_sample_that_cannot_be_asked_again(
    claude: Emulator, make: Any, ledger: Any
) -> None:
    """Two samples have answered when the third's retry meets the run's bound of attempts."""
    claude.script.on(nth=2).reply(fault("overloaded"))
    claude.script.reply(SURE)
    router = make(f"{AGREEING}budget: {{run: {{attempts: 3}}}}")
    result = router.run("t", ASK)
    assert (result.output, result.confidence) == (SURE, pytest.approx(2 / 3))
    statuses, paid, run = ledger()
    assert statuses == {"answered": 2, "failed": 1}
    assert paid == run == result.cost


@pytest.mark.parametrize("mode", ["run", "arun"])
def test_a_client_that_cannot_be_built_leaves_no_reservation(
    make: Any, ledger: Any, mode: str
) -> None:
    """One settings error comes out, of samples too, and every row is settled at nothing."""

    class NoKey:
        emulated = False

        def send(self, request: Any) -> Any:
            raise SettingsError("no API key")

        def close(self) -> None:
            return

    class NoKeyAwaited(NoKey):
        async def send(self, request: Any) -> Any:
            raise SettingsError("no API key")

    router = make(AGREEING, transport=NoKey(), async_transport=NoKeyAwaited())
    with pytest.raises(SettingsError, match="no API key"):
        router.run("t", ASK) if mode == "run" else asyncio.run(router.arun("t", ASK))
    assert ledger() == ({"failed": 3}, 0, 0)


# --- a ledger that fails in the middle ---------------------------------------------------


@pytest.mark.parametrize("mode", ["run", "arun"])
def test_a_paid_sample_survives_a_ledger_that_fails(claude: Emulator, make: Any, mode: str) -> None:
    """The first sample went ahead and is paid; the others cannot be recorded."""
    long = "word " * 3000
    task = (
        f"prompt: {{system: [{{text: '{long}', cache: 5m}}], "
        "user: \"{{ message | tag('message') }}\"}\n"
    )
    claude.script.reply(SURE)
    broken = Failing(2)
    router = make(task + AGREEING, ledger=broken)
    result = router.run("t", ASK) if mode == "run" else asyncio.run(router.arun("t", ASK))
    assert (result.output, result.accepted, claude.calls) == (SURE, False, 1)
    assert broken.settled()


def test_a_paid_answer_survives_a_ledger_that_fails_before_the_verifier(
    claude: Emulator, make: Any
) -> None:
    """Not verified is not confident; it is no reason to lose the answer."""
    claude.script.on(task="t").reply(SURE)
    verifier = """
  check:
    extends: _base
    output:
      type: object
      required: [confidence]
      additionalProperties: false
      properties: {confidence: {type: number, minimum: 0, maximum: 1}}
    tiers: [{model: haiku, max_tokens: 64}]
"""
    broken = Failing(2)
    router = make(f"confidence: {{verifier: check}}{LADDER}", more=verifier, ledger=broken)
    result = router.run("t", ASK)
    assert (result.output, result.accepted) == (SURE, False)
    assert "disk full" in (result.reason or "")
    assert broken.settled()


# --- money -------------------------------------------------------------------------------


def test_the_callers_decimal_context_does_not_touch_an_account(
    claude: Emulator, make: Any, ledger: Any
) -> None:
    """Three digits of precision elsewhere in the program round no sum here, nor trap."""
    claude.script.on(tier="haiku").reply(UNSURE)
    claude.script.on(tier="sonnet").reply(SURE)
    router = make(f"budget: {{run: {{usd: 1}}}}\n{TWO}")
    wanted = router.run("t", ASK).cost
    with decimal.localcontext() as context:
        context.prec = 3
        context.traps[decimal.Inexact] = True
        result = router.run("t", ASK)
    assert result.cost == wanted == result.attempts[0].cost + result.attempts[1].cost
    assert ledger()[1:] == (2 * wanted, 2 * wanted)


def test_a_top_tier_without_a_price_today_does_not_cost_the_answer(
    claude: Emulator, make: Any, manual_clock: Any
) -> None:
    """Fast mode of Opus 4.8 ends on a day on which the router runs on; the first tier answers."""
    claude.script.reply(SURE)
    router = make(
        "confidence: {field: output.confidence}\n"
        "tiers:\n"
        "  - {model: haiku, max_tokens: 256, escalate: [{below: 0.8}]}\n"
        "  - {model: claude-opus-4-8, max_tokens: 512, speed: fast}"
    )
    manual_clock.advance(12 * 86_400)
    assert router.run("t", ASK).output == SURE


def test_a_run_cancelled_before_it_sent_anything_costs_nothing(make: Any) -> None:
    """The reservation was being written when the caller gave up."""
    waiting = asyncio.Event()

    class Slow(Failing):
        async def awrite(self, record: Record) -> None:
            self.seen.append(record)
            if record.run is None:
                waiting.set()
                await asyncio.Event().wait()

    slow = Slow(99)

    async def go() -> None:
        task = asyncio.create_task(make(TWO, ledger=slow).arun("t", ASK))
        await waiting.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(go())
    (attempt,) = slow.seen[-1].attempts
    assert (attempt.status, attempt.cost, attempt.usage_known) == ("cancelled", 0, True)
    assert slow.settled()


# --- time --------------------------------------------------------------------------------


def test_a_wait_cut_by_the_deadline_leaves_time_for_the_attempt(
    claude: Emulator, make: Any, manual_clock: Any
) -> None:
    """A sleep that takes a little longer than asked for, as sleeps do, is not the end of it."""
    claude.script.on(nth=1).reply(fault("overloaded"))
    claude.script.reply(SURE)
    router = make(
        f"{TWO}\nretry: {{retries: 3, base: 60s, cap: 60s}}\nfallback: []",
        sleep=lambda seconds: manual_clock.sleep(seconds + 0.02),
    )
    result = router.run("t", ASK, deadline=3.0)
    assert len(result.attempts) == 2
    assert manual_clock.monotonic() < 3.0


def test_the_bound_of_attempts_is_not_waited_for(
    claude: Emulator, make: Any, manual_clock: Any
) -> None:
    """A retry that may not be made is not slept for, nor paid for with a token."""
    claude.script.reply(fault("overloaded"))
    limits = Limits(RetryBudget(), Circuits(random.random))
    router = make(f"{TWO}\nbudget: {{run: {{attempts: 1}}}}", limits=limits)
    with pytest.raises(BudgetExceeded, match="1 attempts"):
        router.run("t", ASK)
    assert manual_clock.monotonic() == 0.0
    assert limits.retry_budget.left == 100


def test_a_fallback_that_has_no_time_draws_no_token(claude: Emulator, make: Any) -> None:
    """An endpoint that hangs up to the deadline is not a reason to stop others' retries."""
    claude.script.reply(fault("timeout"))
    limits = Limits(RetryBudget(), Circuits(random.random))
    router = make(TWO, limits=limits)
    for _ in range(5):
        with pytest.raises(DeadlineExceeded):
            router.run("t", ASK, deadline=2.0)
    assert limits.retry_budget.left == 100
    assert claude.calls == 5


# --- where a run goes --------------------------------------------------------------------


def test_a_retired_model_falls_back_however_often(claude: Emulator, make: Any) -> None:
    """404 is no sign of load: it empties no bucket that others need."""
    claude.script.on(tier="haiku").reply(fault("not_found"))
    claude.script.on(tier="sonnet").reply(SURE)
    limits = Limits(RetryBudget(), Circuits(random.random))
    router = make(TWO, limits=limits, ledger=NullLedger())
    for _ in range(150):
        assert router.run("t", ASK).tier == "sonnet"
    assert limits.retry_budget.left == 100


def test_an_escalation_passes_a_tier_that_had_its_turn(claude: Emulator, make: Any) -> None:
    """Sonnet is down, Haiku stands in and is not sure: the next is Opus, and `left` says so."""
    claude.script.on(tier="sonnet").reply(fault("connection"))
    claude.script.on(tier="haiku").reply(UNSURE)
    claude.script.on(tier="opus").reply(SURE)
    router = make(
        "confidence: {field: output.confidence}\n"
        "start: [{when: message != '', tier: sonnet}]\n"
        "fallback: [haiku]\n"
        "retry: {retries: 0}\n"
        "tiers:\n"
        "  - {model: haiku, max_tokens: 256, escalate: [{below: 0.8}]}\n"
        "  - {model: sonnet, max_tokens: 256, escalate: [{below: 0.8}]}\n"
        "  - {model: opus, max_tokens: 256}\n"
    )
    result = router.run("t", ASK)
    assert (result.tier, result.accepted) == ("opus", True)
    assert [(left.tier, left.to) for left in result.left] == [
        ("sonnet", "haiku"),
        ("haiku", "opus"),
    ]


def test_a_cut_off_answer_does_not_take_the_place_of_a_whole_one(
    claude: Emulator, make: Any
) -> None:
    """The best answer is the whole one of the first tier, though the second came later."""
    claude.script.on(tier="haiku").reply("a whole answer")
    claude.script.on(tier="sonnet").reply(truncate("half an"))
    router = make(
        "tiers:\n"
        "  - {model: haiku, max_tokens: 256, escalate: [{when: output != ''}]}\n"
        "  - {model: sonnet, max_tokens: 256}\n",
        parent="_base",
    )
    result = router.run("t", ASK)
    assert (result.text, result.tier, result.accepted) == ("a whole answer", "haiku", False)


def test_the_policys_own_value_stands_in_once_something_was_answered(
    claude: Emulator, make: Any
) -> None:
    """A refusal, then nobody there: the value; nobody there from the start: the error."""
    claude.script.on(tier="haiku", nth=1).reply(refuse())
    claude.script.reply(fault("connection"))
    router = make(
        f"exhausted: {{value: {{label: other, confidence: 0}}}}\nretry: {{retries: 0}}\n{TWO}"
    )
    result = router.run("t", ASK)
    assert (result.output, result.accepted) == ({"label": "other", "confidence": 0}, False)
    with pytest.raises(Unavailable):
        router.run("t", ASK)


def test_a_last_tier_that_fails_in_the_open_is_taken_back(claude: Emulator, make: Any) -> None:
    """It cannot escalate, so it is passed on as it comes; an earlier answer then replaces it."""
    claude.script.on(tier="haiku").reply("a whole answer")
    claude.script.on(tier="sonnet").reply(truncate("half an"))
    router = make(
        "tiers:\n"
        "  - {model: haiku, max_tokens: 256, escalate: [{when: output != ''}]}\n"
        "  - {model: sonnet, max_tokens: 256}\n",
        parent="_base",
    )
    events = list(router.stream("t", ASK))
    (cut,) = (n for n, event in enumerate(events) if isinstance(event, Discard))
    assert "".join(e.text for e in events[cut:] if isinstance(e, TextDelta)) == "a whole answer"
    assert events[-1].text == "a whole answer"


def test_an_answer_that_comes_late_does_not_reopen_a_circuit() -> None:
    """Calls from before the outage that time out after it say nothing new while nobody probes."""
    circuits = Circuits(lambda: 0.5, least=4, pause=5.0)
    for _ in range(4):
        circuits.record("m", True, 0.0)
    assert not circuits.allow("m", 4.9)
    circuits.record("m", True, 4.9)  # a straggler
    assert circuits.allow("m", 5.0)
    circuits.record("m", False, 5.5)
    assert circuits.allow("m", 5.5)


def test_a_stream_cut_in_a_later_attempt_is_not_described_by_an_earlier_one(
    claude: Emulator, make: Any, ledger: Any
) -> None:
    """What is noted of a cancelled attempt is its own, not the fault before it."""
    claude.script.on(nth=1).reply(fault("overloaded"))
    claude.script.reply(reply("one two three four five six seven"))
    router = make("tiers: [{model: haiku, max_tokens: 256}]", parent="_base")
    stream = router.stream("t", ASK)
    assert isinstance(next(stream), TextDelta)
    stream.close()
    statuses, paid, run = ledger()
    assert statuses == {"failed": 1, "cancelled": 1}
    assert paid == run > 0
