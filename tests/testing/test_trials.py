"""Labelled inputs answered within a sum of money, recorded, and answered again from that."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
from decimal import Decimal
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.catalog import load_catalog
from router.emulator import AsyncEmulatorTransport, Emulator, ManualClock, Script, fault, reply
from router.emulator.recordings import Recordings
from router.engine.effects import Record
from router.errors import AuthFailed, LedgerError
from router.ledger.base import NullLedger
from router.ledger.sqlite import SQLiteLedger
from router.reports import build
from router.testing.discovery import Found
from router.testing.evaluating import Evaluated
from router.testing.evaluation import Evaluation, Fares
from router.testing.loading import Library
from router.testing.purse import Paying, Purse
from router.testing.reporters.evaluation import render
from router.testing.trials import Live, replay
from router.types import Attempt, AttemptStatus, Usage

POLICY = """version: 1
models: {haiku: claude-haiku-5-5, opus: claude-opus-5-5}
tasks:
  sort:
    input:
      type: object
      required: [message]
      additionalProperties: false
      properties: {message: {type: string, maxLength: 200}}
    output:
      type: object
      required: [label, confidence]
      additionalProperties: false
      properties:
        label: {enum: [billing, card, other]}
        confidence: {type: number, minimum: 0, maximum: 1}
    prompt:
      user: "Which queue? {{ message | tag('message') }}"
    tiers:
      - {model: haiku, max_tokens: 256, thinking: disabled, escalate: [{below: 0.8}]}
      - {model: opus, max_tokens: 2048}
    confidence: {field: output.confidence}
    budget: {run: {usd: 0.10}}
"""
SUITE = """version: 1
task: sort
live:
  dataset: labelled.jsonl
  repeat: 2
  gates: {accuracy: ">= 0.75", worst_case: ">= 0.5", escalation_rate: "<= 0.5", usd_per_run: "< 1"}
"""
ROWS = [
    {"inputs": {"message": "charged twice"}, "expect": {"output": {"label": "billing"}}},
    {"inputs": {"message": "card is lost"}, "expect": {"output": {"label": "card"}}},
]


class Bench:
    """A policy with labelled inputs, an emulator that stands in for the API, and a ledger."""

    def __init__(self, root, suite=SUITE, rows=ROWS, policy=POLICY):
        (root / "policies").mkdir()
        (root / "policies" / "sort.yaml").write_text(policy)
        (root / "policies" / "sort.test.yaml").write_text(suite)
        lines = [json.dumps(row) for row in rows]
        (root / "policies" / "labelled.jsonl").write_text("\n".join(lines))
        self.catalog = load_catalog()
        path = root / "policies" / "sort.test.yaml"
        self.loaded = Library(self.catalog).load(Found.of(path, root / "policies"))
        self.ledger = SQLiteLedger(root / "ledger.db")
        self.emulator = Emulator(Script(strict=True), catalog=self.catalog, clock=ManualClock())
        self.kept: list[str] = []

    @property
    def labelled(self):
        assert self.loaded.suite is not None, self.loaded.findings
        return self.loaded.suite.labelled

    def answer(self, text, *replies):
        self.emulator.script.on(text=text).reply(*replies)

    def made(self, usd="1", **options):
        given = {"transport": AsyncEmulatorTransport(self.emulator), **options}
        return Live(
            catalog=self.catalog,
            ledger=self.ledger,
            purse=Purse(Decimal(usd)),
            keep=self.kept.append,
            wall=self.emulator.clock.time,
            sleep=self.emulator.clock.asleep,
            **given,
        )

    def live(self, usd="1", **options):
        live = self.made(usd)
        tasks = self.loaded.policy_set.tasks
        return self.evaluation(asyncio.run(live.run(self.labelled, tasks, **options)))

    def replayed(self, **options):
        recordings = Recordings(map(json.loads, self.kept), once=True)
        tasks = self.loaded.policy_set.tasks
        return self.evaluation(
            asyncio.run(replay(self.labelled, tasks, recordings, self.catalog, **options))
        )

    def evaluation(self, trials):
        return Evaluation("sort.test.yaml", self.labelled, "r1", trials)


@pytest.fixture
def bench(tmp_path):
    made = Bench(tmp_path)
    yield made
    made.ledger.close()


def label(name, confidence=0.9):
    return reply({"label": name, "confidence": confidence})


def paid(bench):
    return build(bench.ledger.location, by="task").total.cost


def answers(found):
    return sorted((t.case.name, t.outcome.result.text, t.cost > 0) for t in found.trials)


def test_repeats_are_counted_one_by_one_and_the_gates_hold_each_measure(bench):
    bench.answer("charged twice", label("billing"), label("other"))
    bench.answer("card is lost", label("card"))
    found = bench.live()
    assert found.accuracy == Fares(3, 4)
    assert found.worst == ("line 1", Fares(1, 2))
    assert found.escalated == Fares(0, 4)
    assert found.passed
    ((fares, failure),) = found.wrong()
    assert (failure.span.line, fares) == (1, Fares(1, 2))
    assert (failure.what, failure.expected, failure.actual) == (
        "output.label",
        '"billing"',
        '"other"',
    )


def test_what_a_model_says_does_not_reach_the_terminal_as_it_is(tmp_path):
    policy = POLICY.replace("label: {enum: [billing, card, other]}", "label: {type: string}")
    bench = Bench(tmp_path, policy=policy)
    bench.emulator.script.reply(label("\x9b31mcard\u202e"))
    ((_, failure), *_) = bench.live().wrong()
    assert failure.actual == r'"\x9b31mcard\u202e"'
    bench.ledger.close()


def test_one_input_that_always_fails_is_not_hidden_by_the_mean(tmp_path):
    bench = Bench(tmp_path, rows=[*ROWS, *({**ROWS[1]} for _ in range(6))])
    bench.answer("charged twice", label("other"))
    bench.answer("card is lost", label("card"))
    found = bench.live()
    assert found.accuracy.share > Decimal("0.75")
    assert found.gates["accuracy"] is None
    assert found.gates["worst_case"] is not None
    assert not found.passed
    bench.ledger.close()


def test_a_share_is_never_rounded_up():
    assert str(Fares(9999, 10000)) == "9999/10000 (99.9 %)"
    assert Fares(2, 3).share < Decimal(2) / 3


def test_every_attempt_is_in_the_ledger_and_the_sums_agree(bench):
    bench.answer("charged twice", label("other", 0.2), label("billing"))
    bench.answer("card is lost", label("card"))
    found = bench.live(repeat=1)
    report = build(bench.ledger.location, by="task")
    assert report.total.attempts == 3
    assert report.total.cost == found.cost > 0
    assert found.escalated == Fares(1, 2)


def test_what_was_recorded_gives_the_same_answers_again_at_no_cost(bench):
    bench.answer("charged twice", fault("overloaded"), label("billing"), label("other"))
    bench.answer("card is lost", label("card", 0.1), label("card"))
    live, again = bench.live(), bench.replayed()
    assert answers(again) == answers(live)  # of repeats that overlapped, in the order they ended
    assert again.accuracy == live.accuracy
    assert again.escalated == live.escalated
    assert again.passed


def test_a_repeat_is_not_served_from_an_answer_that_was_given(bench):
    bench.answer("charged twice", label("billing"))
    bench.answer("card is lost", label("card"))
    bench.live()
    found = bench.replayed(repeat=3)
    assert found.missing == {"not recorded": 2}
    assert not found.passed


def test_a_changed_prompt_is_not_answered_by_an_old_recording(bench, tmp_path):
    bench.answer("charged twice", label("billing"))
    bench.answer("card is lost", label("card"))
    bench.live()
    (tmp_path / "new").mkdir()
    other = Bench(tmp_path / "new")
    policy = tmp_path / "new" / "policies" / "sort.yaml"
    policy.write_text(POLICY.replace("Which queue?", "What queue?"))
    found = Found.of(policy.with_name("sort.test.yaml"), policy.parent)
    other.loaded = Library(other.catalog).load(found)
    other.kept = bench.kept
    assert other.replayed().missing == {"not recorded": 4}
    other.ledger.close()


def test_a_key_that_does_not_hold_ends_it_at_once(bench):
    """Runs that have begun meet it too; no others are begun."""
    bench.emulator.script.reply(fault("auth"))
    live = bench.made(parallel=1)
    trials = asyncio.run(live.run(bench.labelled, bench.loaded.policy_set.tasks))
    assert isinstance(live.stopped, AuthFailed)
    assert len(bench.emulator.requests) == 1
    assert {trial.missing for trial in trials} == {live.stopped.message}


def test_a_spend_limit_in_the_middle_keeps_what_was_answered_before(bench):
    bench.answer("charged twice", label("billing"))
    bench.answer("card is lost", fault("spend_limit"))
    live = bench.made(parallel=1)
    found = bench.evaluation(
        asyncio.run(live.run(bench.labelled, bench.loaded.policy_set.tasks, repeat=2))
    )
    assert found.accuracy == Fares(1, 1)
    ((why, count),) = found.missing.items()
    assert "spend limit" in why
    assert count == 3
    assert found.cost == paid(bench) > 0
    assert not found.passed


def test_runs_are_begun_by_as_many_tasks_as_may_be_under_way(bench):
    """However many lines there are."""
    counts = set()

    class Counting(AsyncEmulatorTransport):
        async def send(self, request):
            counts.add(len(asyncio.all_tasks()))
            return await super().send(request)

    bench.emulator.script.reply(label("billing"))
    live = bench.made(parallel=3, transport=Counting(bench.emulator))
    trials = asyncio.run(live.run(bench.labelled, bench.loaded.policy_set.tasks, repeat=50))
    assert [trial.repeat for trial in trials] == sorted([*range(1, 51)] * 2)
    assert max(counts) <= 4  # and the one that waits for them


def test_runs_that_the_money_does_not_reach_are_not_made_and_do_not_pass(bench):
    bench.answer("charged twice", label("billing"))
    bench.answer("card is lost", label("card"))
    limit = Decimal("0.0005")  # enough to begin with
    short = bench.live(str(limit), repeat=20)
    assert short.missing["too little money is left"] > 0
    assert Decimal(0) < short.cost <= limit
    assert not short.passed


def test_a_run_that_money_stops_halfway_is_not_judged_and_its_cost_counts(bench):
    """The first tier was paid and the second could not be: what there is says nothing."""
    bench.answer("charged twice", label("other", 0.3), label("billing"))
    bench.answer("card is lost", label("card", 0.3), label("card"))
    found = bench.live("0.006", repeat=1)
    assert found.missing == {"too little money is left": 2}
    assert found.accuracy == Fares(0, 0)
    assert found.cost == paid(bench) > 0
    assert found.usd_per_run == found.cost_of_made == 0
    said = render(Evaluated((found,), emulated=False, max_usd=Decimal("0.006")))
    assert "passed" not in said
    assert said.count("; gate ") == said.count(" not judged\n") == 4
    assert re.search(r"unfinished   0\.\d+ USD for runs that are not counted above", said)


def test_gates_are_judged_where_every_run_was_made(bench):
    """Of the runs that are missing nobody knows: what was answered alone passes nothing."""
    bench.answer("charged twice", label("billing"))
    bench.answer("card is lost", label("card"))
    bench.live()
    found = bench.replayed(repeat=3)
    assert (found.accuracy, found.gates) == (Fares(4, 4), {})
    evaluated = Evaluated((found,), emulated=True)
    assert "right        4/4 (100.0 %); gate >= 0.75 not judged" in render(evaluated)
    (plain,) = json.loads(render(evaluated, "json"))["evaluations"]
    assert plain["gates"]["accuracy"] == {"bound": ">= 0.75", "judged": False, "passed": False}
    suite = ET.fromstring(render(evaluated, "junit"))
    assert len(suite.findall(".//skipped")) == 4
    assert len(suite.findall(".//failure")) == 1


def test_money_bounds_all_runs_and_no_run_has_a_budget_that_its_policy_does_not_name(tmp_path):
    """A prompt of digits reserves more than it is expected to cost, many times over."""
    policy = POLICY.replace("    budget: {run: {usd: 0.10}}\n", "").replace("200", "40000")
    message = "1" * 9000
    row = {"inputs": {"message": message}, "expect": {"output": {"label": "billing"}}}
    bench = Bench(tmp_path, rows=[row], policy=policy)
    bench.answer(message, label("other", 0.3), label("billing"))
    found = bench.live("0.20", repeat=1)
    assert found.accuracy == Fares(1, 1)
    bench.ledger.close()


def test_interrupted_runs_leave_nothing_open_in_the_ledger(bench):
    """What was under way is settled at its worst case; what waited was never begun."""
    bench.emulator.script.reply(label("billing"))

    class Hanging(AsyncEmulatorTransport):
        async def send(self, request):
            await asyncio.Event().wait()

    async def interrupted():
        live = bench.made("0.005", transport=Hanging(bench.emulator))
        tasks = bench.loaded.policy_set.tasks
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(live.run(bench.labelled, tasks), 0.2)
        return live.purse.spent

    spent = asyncio.run(interrupted())
    assert Decimal(0) < spent <= Decimal("0.005")
    assert paid(bench) == spent
    rows = sqlite3.connect(bench.ledger.location).execute("SELECT status FROM attempts").fetchall()
    assert {status for (status,) in rows} == {"cancelled"}


def test_a_run_is_not_late_for_having_waited_for_money():
    """Its deadline is about its own time."""
    clock = ManualClock()
    purse = Purse(Decimal(1))
    first, second = (Paying(NullLedger(), purse, clock.monotonic) for _ in range(2))

    async def wait():
        await first.awrite(opening("1"))
        waiting = asyncio.create_task(second.awrite(opening("1")))
        await asyncio.sleep(0)
        clock.advance(60)
        await first.awrite(settling("0"))
        await waiting

    asyncio.run(wait())
    clock.advance(5)
    assert (first.clock(), second.clock()) == (65, 5)


def test_a_run_that_was_refused_once_spends_no_more():
    """It counts as not made: what it asked for later would be paid for nothing."""
    purse = Purse(Decimal(1))
    other, paying = (Paying(NullLedger(), purse, lambda: 0) for _ in range(2))
    other.write(opening("1"))
    with pytest.raises(LedgerError, match="too little money"):
        paying.write(opening("0.1"))
    other.write(settling("0"))
    with pytest.raises(LedgerError, match="too little money"):
        paying.write(opening("0.1"))


def test_what_could_not_be_recorded_is_given_back_to_the_purse():
    class Full(NullLedger):
        def write(self, record):
            raise LedgerError("the disk is full")

        async def awrite(self, record):
            self.write(record)

    purse = Purse(Decimal(1))
    with pytest.raises(LedgerError, match="full"):
        Paying(Full(), purse, lambda: 0).write(opening("1"))
    with pytest.raises(LedgerError, match="full"):
        asyncio.run(Paying(Full(), purse, lambda: 0).awrite(opening("1")))
    Paying(NullLedger(), purse, lambda: 0).write(opening("1"))
    with pytest.raises(LedgerError, match="too little money"):
        Paying(NullLedger(), purse, lambda: 0).write(opening("0.1"))


MONEY = st.decimals("0", "2", places=4)
ATTEMPTS = st.lists(st.tuples(MONEY, st.sampled_from(["0", "0.5", "1"])), max_size=4)


@settings(max_examples=100, deadline=None)
@given(limit=MONEY, runs=st.lists(ATTEMPTS, max_size=12))
def test_a_purse_is_never_overdrawn_and_keeps_nobody_waiting_for_ever(limit, runs):
    """Whatever attempts runs side by side make, one after the other, up to their worst case."""

    async def run(purse, attempts):
        paying = Paying(NullLedger(), purse, lambda: 0)
        for worst, share in attempts:
            try:
                await paying.awrite(opening(worst))
            except LedgerError:
                assert paying.refused
                return paying.spent
            await asyncio.sleep(0)
            await paying.awrite(settling(Decimal(worst) * Decimal(share)))
        return paying.spent

    async def everybody():
        purse = Purse(limit)
        spent = await asyncio.wait_for(asyncio.gather(*(run(purse, one) for one in runs)), 10)
        assert purse.spent == sum(spent)
        assert purse._held == 0
        return purse.spent

    assert asyncio.run(everybody()) <= limit


def opening(usd):
    return Record((_attempt(usd, AttemptStatus.RESERVED),), {}, "r1")


def settling(usd):
    return Record((_attempt(usd, AttemptStatus.ANSWERED),), {}, "r1")


def _attempt(usd, status):
    return Attempt(
        run_id="run_1",
        number=1,
        task="sort",
        tier="haiku",
        model="claude-haiku-5-5",
        status=status,
        cost=Decimal(usd),
        usage=Usage(),
    )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"inputs": {}}', "needs `expect`"),
        ('{"inputs": {}, "expect": {"output": {}}, "extra": 1}', "unknown key `extra`"),
        ('{"inputs": {"message": "x"}, "expect": {"request": {"turns": 1}}}', "scripted cases"),
        ('{"inputs": {"message": "x"}, "expect": {"tier": "sonet"}}', "no tier `sonet`"),
        ("{", "not JSON: Expecting property name enclosed in double quotes at column 2"),
        ("", "no labelled input"),
        ('{"inputs": {}, "expect": {"tier": "haiku"}}', "message: required, and not given"),
        ('{"inputs": {"massage": "x"}, "expect": {"tier": "haiku"}}', "did you mean `message`?"),
        (
            '{"inputs": {"message": "x"}, "expect": {"output": {"label": "biling"}}}',
            "`output.label` must be one of billing, card, other",
        ),
        (
            '{"inputs": {"message": "x"}, "expect": {"output": {"lable": "billing"}}}',
            "`output.lable` is not allowed",
        ),
        (
            '{"inputs": {"message": "x"}, "expect": {"exactly": {"label": "billing"}}}',
            "`exactly.confidence` is required",
        ),
    ],
)
def test_a_line_that_says_nothing_usable_is_a_finding_at_its_line(tmp_path, line, said):
    bench = Bench(tmp_path)
    path = tmp_path / "policies" / "labelled.jsonl"
    path.write_text(f"\n{line}\n" if line else "")
    found = Found.of(tmp_path / "policies" / "sort.test.yaml", tmp_path / "policies")
    findings = Library(bench.catalog).load(found).findings
    assert any(said in one.message for one in findings), findings
    assert findings[0].span.line == (2 if line else 1)
    assert findings[0].span.file.endswith("labelled.jsonl")
    bench.ledger.close()


def test_labels_that_can_be_right_are_left_alone(tmp_path):
    """A part of an output, an error that is expected, a part that hangs on another."""
    rows = [
        *ROWS,
        {"inputs": {}, "expect": {"error": "InputInvalid"}},
        {"inputs": {"message": "x"}, "expect": {"output": {"confidence": 1}}},
    ]
    conditional = """      if: {properties: {label: {const: other}}}
      then: {properties: {confidence: {maximum: 0.5}}}
    prompt:"""
    policy = POLICY.replace("    prompt:", conditional)
    bench = Bench(tmp_path, rows=rows, policy=policy)
    assert bench.loaded.findings == ()
    bench.ledger.close()


def test_the_same_inputs_are_not_labelled_twice_in_two_ways(tmp_path):
    other = {**ROWS[0], "expect": {"output": {"label": "card"}}}
    bench = Bench(tmp_path, rows=[*ROWS, ROWS[0], other])
    (finding,) = bench.loaded.findings
    assert finding.message == "the inputs of line 1 again, with another output expected"
    assert finding.span.line == 4
    bench.ledger.close()


@pytest.mark.parametrize(
    ("gate", "said"),
    [
        ('accuracy: ">= 90"', "`accuracy` is a share, between 0 and 1"),
        ("worst_case: 2", "`worst_case` is a share, between 0 and 1"),
        ('accuracy: "> 1"', "`accuracy` is never > 1"),
        ('escalation_rate: "< 0"', "`escalation_rate` is never < 0"),
        ('usd_per_run: "< 0"', "`usd_per_run` is never < 0"),
        ('accuracy: ">= 0"', "`accuracy` is always >= 0"),
        ('escalation_rate: "<= 1"', "`escalation_rate` is always <= 1"),
        ("accuracy: $high", "nothing is called `high` here"),
    ],
)
def test_a_gate_that_nothing_can_pass_is_found_before_anything_is_paid(tmp_path, gate, said):
    suite = f"version: 1\ntask: sort\nlive: {{dataset: labelled.jsonl, gates: {{{gate}}}}}\n"
    bench = Bench(tmp_path, suite=suite)
    (finding,) = bench.loaded.findings
    assert finding.message == said
    assert finding.span.line == 3
    bench.ledger.close()


@pytest.mark.parametrize(
    ("gate", "said", "write"),
    [
        ("accuracy: 0.4", "`accuracy` says the least it may be, not `0.4`", '">= 0.4"'),
        ('worst_case: "<= 0.6"', "`worst_case` says the least it may be", '">= 0.6"'),
        ('accuracy: "!= 0.9"', "`accuracy` says the least it may be", '">= 0.9"'),
        ('escalation_rate: ">= 0.25"', "`escalation_rate` says the most it may", '"<= 0.25"'),
        ('usd_per_run: "> 0.002"', "`usd_per_run` says the most it may be", '"<= 0.002"'),
    ],
)
def test_a_gate_that_bad_answers_pass_is_found_and_what_to_write_is_said(
    tmp_path, gate, said, write
):
    suite = f"version: 1\ntask: sort\nlive: {{dataset: labelled.jsonl, gates: {{{gate}}}}}\n"
    bench = Bench(tmp_path, suite=suite)
    (finding,) = bench.loaded.findings
    assert said in finding.message
    assert finding.help == f"write {write}"
    bench.ledger.close()


def test_a_gate_may_be_a_value_that_the_file_names(tmp_path):
    suite = SUITE.replace('accuracy: ">= 0.75"', "accuracy: $high") + "values: {high: '>= 0.9'}\n"
    bench = Bench(tmp_path, suite=suite)
    assert bench.labelled.gates["accuracy"].value == ">= 0.9"
    bench.ledger.close()


@pytest.mark.parametrize(
    ("amount", "said"),
    [("1e30", f"1{'0' * 30}"), ("100", "100"), ("0.5000", "0.5"), ("0.000000001", "0")],
)
def test_any_amount_of_money_can_be_printed(amount, said):
    found = Evaluated((), emulated=False, max_usd=Decimal(amount))
    assert render(found) == f"cost 0 USD of {said} at most\n"
