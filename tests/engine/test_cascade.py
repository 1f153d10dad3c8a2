"""The step machine, driven by hand: outcomes in, effects out, no clock and no network."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.catalog import load_catalog
from router.compiler.model import (
    AgreementSignal,
    Confidence,
    EscalateRule,
    Event,
    Exhausted,
    FieldSignal,
    Retry,
    RunBudget,
    StartRule,
    Task,
    Tier,
    VerifierSignal,
)
from router.engine.cascade import Cascade
from router.engine.effects import (
    Call,
    CallAll,
    Emit,
    Fault,
    FaultKind,
    Record,
    Reply,
    Request,
    RunRow,
    Sleep,
)
from router.engine.inputs import prepare_inputs
from router.engine.limits import Circuits, Limits, RetryBudget
from router.engine.run import Engine, RunRequest
from router.errors import (
    AuthFailed,
    BudgetExceeded,
    DeadlineExceeded,
    LedgerError,
    RequestRefused,
    RunError,
    StreamInterrupted,
    Unavailable,
)
from router.errors import (
    Exhausted as ExhaustedError,
)
from router.types import Attempt, AttemptStatus, Discard, Restart, Result, TextDelta, Usage

START = 1_795_000_000.0  # 2026-11-18
USAGE = Usage(input_tokens=400, output_tokens=40)
LABEL = {
    "type": "object",
    "required": ["label", "confidence"],
    "additionalProperties": False,
    "properties": {
        "label": {"enum": ["billing", "fraud", "other"]},
        "confidence": {"type": "number", "minimum": 0, "maximum": 1},
    },
}
HAIKU, SONNET, OPUS = "claude-haiku-5-5", "claude-sonnet-5-5", "claude-opus-5-5"


def reply(value: Any = None, *, model: str = HAIKU, stop: str = "end_turn", **rest: Any) -> Reply:
    text = value if isinstance(value, str) else json.dumps(value)
    return Reply(
        id="msg_1",
        model=model,
        content=({"type": "text", "text": text},),
        text=text,
        stop_reason=stop,
        usage=rest.pop("usage", USAGE),
        request_id=rest.pop("request_id", "req_1"),
        latency=rest.pop("latency", 0.5),
        **rest,
    )


def sure(label: str = "billing", confidence: float = 0.95, **rest: Any) -> Reply:
    return reply({"label": label, "confidence": confidence}, **rest)


def fault(kind: FaultKind = FaultKind.OVERLOADED, **rest: Any) -> Fault:
    return Fault(kind, rest.pop("message", kind.value), latency=rest.pop("latency", 0.1), **rest)


@dataclass
class World:
    """Plays the driver: answers calls from a script or a function, moves its own clock."""

    answers: list[Any] | Callable[[Request], Any]
    now: float = 100.0
    calls: list[Request] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    emitted: list[Any] = field(default_factory=list)
    groups: list[int] = field(default_factory=list)
    refuse_reservation: int | None = None  # the ledger fails at this attempt
    limits: Limits = field(
        default_factory=lambda: Limits(RetryBudget(), Circuits(random.Random(1).random))
    )

    def engine(self) -> Engine:
        return Engine(
            catalog=load_catalog(),
            limits=self.limits,
            monotonic=lambda: self.now,
            wall=lambda: START + self.now,
            random=random.Random(7).random,
        )

    def cascade(self, task: Task, inputs: Mapping[str, Any], **rest: Any) -> Cascade:
        tasks = {task.name: task, **{t.name: t for t in rest.pop("others", ())}}
        return Cascade(
            RunRequest(
                task=task,
                inputs=prepare_inputs(task, inputs),
                tasks=tasks,
                run_id="run_1",
                tags={},
                **rest,
            ),
            self.engine(),
        )

    def run(self, task: Task, inputs: Mapping[str, Any] | None = None, **rest: Any) -> Result:
        cascade = self.cascade(task, {"message": "hello"} if inputs is None else inputs, **rest)
        steps = cascade.steps()
        try:
            effect = next(steps)
            while True:
                try:
                    outcome = self.perform(effect)
                except LedgerError as error:
                    effect = steps.throw(error)
                else:
                    effect = steps.send(outcome)
        except StopIteration as end:
            return end.value

    def perform(self, effect: Any) -> Any:
        match effect:
            case Call(request):
                return self.answer(request)
            case CallAll(requests):
                self.groups.append(len(requests))
                return tuple(self.answer(request) for request in requests)
            case Sleep(seconds):
                self.slept.append(seconds)
                self.now += seconds
            case Record():
                if any(
                    a.status is AttemptStatus.RESERVED and a.number == self.refuse_reservation
                    for a in effect.attempts
                ):
                    raise LedgerError("disk full")
                self.records.append(effect)
            case Emit(event):
                self.emitted.append(event)
        return None

    def answer(self, request: Request) -> Any:
        self.calls.append(request)
        outcome = self.answers(request) if callable(self.answers) else self.answers.pop(0)
        self.now += outcome.latency
        return outcome

    @property
    def rows(self) -> dict[int, Attempt]:
        """The ledger's attempts after every record: the last word on each."""
        return {a.number: a for record in self.records for a in record.attempts}

    @property
    def run_rows(self) -> list[RunRow]:
        return [record.run for record in self.records if record.run is not None]

    @property
    def path(self) -> list[str]:
        return [request.tier for request in self.calls]


def ladder(kit: Any, **rest: Any) -> Task:
    """Haiku, Sonnet, Opus; escalating below 0.8 and 0.6."""
    tiers = rest.pop(
        "tiers",
        (
            Tier("haiku", HAIKU, 512, (EscalateRule("sonnet", below=0.8),)),
            Tier("sonnet", SONNET, 1024, (EscalateRule("opus", below=0.6),)),
            Tier("opus", OPUS, 2048),
        ),
    )
    rest.setdefault("output", LABEL)
    rest.setdefault("confidence", Confidence((FieldSignal(("confidence",)),)))
    return kit.task(tiers=tiers, **rest)


# --- answers -----------------------------------------------------------------------------


def test_a_sure_answer_stays_on_the_first_tier(kit: Any) -> None:
    world = World([sure()])
    result = world.run(ladder(kit))
    assert (result.output, result.tier, result.accepted, result.confidence) == (
        {"label": "billing", "confidence": 0.95},
        "haiku",
        True,
        0.95,
    )
    assert world.path == ["haiku"]
    assert world.slept == []


def test_an_unsure_answer_climbs_and_says_why_each_tier_was_left(kit: Any) -> None:
    world = World([sure(confidence=0.5), sure(confidence=0.55, model=SONNET), sure(model=OPUS)])
    result = world.run(ladder(kit))
    assert world.path == ["haiku", "sonnet", "opus"]
    assert [(left.tier, left.to, left.kind) for left in result.left] == [
        ("haiku", "sonnet", "escalation"),
        ("sonnet", "opus", "escalation"),
    ]
    assert "0.5 below 0.8" in result.left[0].reason
    assert result.attempts[0].escalation == result.left[0].reason
    assert result.accepted


def test_a_threshold_is_met_at_equality(kit: Any) -> None:
    assert World([sure(confidence=0.8)]).run(ladder(kit)).tier == "haiku"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"label": "billing", "confidence": 2}, "invalid_output"),
        ("not json", "invalid_output"),
        ({"label": "nonsense", "confidence": 1}, "invalid_output"),
    ],
)
def test_an_answer_that_breaks_its_schema_never_reaches_a_threshold(
    kit: Any, value: Any, words: str
) -> None:
    world = World([reply(value), sure(model=SONNET)])
    result = world.run(ladder(kit))
    assert world.path == ["haiku", "sonnet"]
    assert words in result.left[0].reason


@pytest.mark.parametrize("stop", ["refusal", "max_tokens", "model_context_window_exceeded"])
def test_refusals_and_truncations_escalate_by_default(kit: Any, stop: str) -> None:
    world = World([sure(stop=stop), sure(model=SONNET)])
    assert world.run(ladder(kit)).tier == "sonnet"


def test_an_unknown_stop_reason_is_not_accepted_and_does_not_crash(kit: Any) -> None:
    result = World([sure(stop="something_new")]).run(ladder(kit))
    assert not result.accepted
    assert result.output == {"label": "billing", "confidence": 0.95}


def test_events_outside_escalate_on_end_the_climb(kit: Any) -> None:
    world = World([reply("no json")])
    with pytest.raises(ExhaustedError):
        world.run(ladder(kit, escalate_on=frozenset({Event.REFUSAL})))
    assert world.path == ["haiku"]


def test_a_when_rule_sends_to_the_tier_it_names(kit: Any) -> None:
    rule = EscalateRule("opus", when=kit.condition("output.label == 'fraud'"), reason="money")
    tiers = (Tier("haiku", HAIKU, 512, (rule,)), Tier("sonnet", SONNET, 512), Tier("opus", OPUS, 9))
    world = World([sure("fraud"), sure("fraud", model=OPUS)])
    result = world.run(ladder(kit, tiers=tiers))
    assert world.path == ["haiku", "opus"]
    assert "money" in result.left[0].reason


def test_a_start_rule_and_a_callers_tier_choose_where_a_run_begins(kit: Any) -> None:
    start = (StartRule(kit.condition("message == 'vip'"), "sonnet"),)
    world = World([sure(model=SONNET), sure(model=OPUS)])
    world.run(ladder(kit, start=start), {"message": "vip"})
    world.run(ladder(kit, start=start), {"message": "vip"}, tier="opus")
    assert world.path == ["sonnet", "opus"]


def test_a_tool_call_is_handed_out_without_a_verdict_on_confidence(kit: Any) -> None:
    call = {"type": "tool_use", "id": "t1", "name": "look", "input": {}}
    answer = reply("", stop="tool_use")
    answer = Reply(**{**{f: getattr(answer, f) for f in answer.__slots__}, "content": (call,)})
    task = ladder(kit, tools=({"name": "look", "input_schema": {"type": "object"}},))
    result = World([answer]).run(task)
    assert result.accepted
    assert result.tool_calls == (call,)


# --- exhausted ---------------------------------------------------------------------------


def unsure(kit: Any, **rest: Any) -> Task:
    tiers = (
        Tier("haiku", HAIKU, 512, (EscalateRule("sonnet", below=0.9),)),
        Tier("sonnet", SONNET, 512, (EscalateRule(None, below=0.9),)),
    )
    return ladder(kit, tiers=tiers, **rest)


def test_exhausted_best_hands_out_the_surest_answer_unaccepted(kit: Any) -> None:
    result = World([sure(confidence=0.7), sure(confidence=0.6, model=SONNET)]).run(unsure(kit))
    assert (result.tier, result.confidence, result.accepted) == ("haiku", 0.7, False)
    assert "0.6 below 0.9" in (result.reason or "")


def test_exhausted_error_raises_with_attempts_and_cost(kit: Any) -> None:
    world = World([sure(confidence=0.7), sure(confidence=0.6, model=SONNET)])
    with pytest.raises(ExhaustedError) as caught:
        world.run(unsure(kit, exhausted=Exhausted("error")))
    assert len(caught.value.details.attempts) == 2
    assert caught.value.details.cost == sum(a.cost for a in world.rows.values()) > 0
    assert world.run_rows[0].status == "failed"


def test_exhausted_value_gives_the_policys_own_answer(kit: Any) -> None:
    value = {"label": "other", "confidence": 0}
    world = World([reply("junk"), reply("junk", model=SONNET)])
    result = world.run(unsure(kit, exhausted=Exhausted("value", value)))
    assert (result.output, result.accepted) == (value, False)


# --- faults ------------------------------------------------------------------------------


def test_a_transport_fault_is_retried_on_the_same_tier(kit: Any) -> None:
    world = World([fault(), fault(FaultKind.SERVER_ERROR), sure()])
    result = world.run(ladder(kit))
    assert world.path == ["haiku"] * 3
    assert [a.status for a in result.attempts] == ["failed", "failed", "answered"]
    assert result.left == ()


def test_waits_are_full_jitter_within_their_doubling_bounds(kit: Any) -> None:
    world = World([fault() for _ in range(5)] + [sure()])
    world.run(ladder(kit))
    assert len(world.slept) == 5
    assert all(0 <= wait <= 2**n for n, wait in enumerate(world.slept))
    assert len(set(world.slept)) == 5


def test_after_the_last_retry_the_next_tier_is_asked(kit: Any) -> None:
    world = World([fault(), fault(), sure(model=SONNET)])
    result = world.run(ladder(kit, retry=Retry(retries=1)))
    assert world.path == ["haiku", "haiku", "sonnet"]
    assert [(left.to, left.kind) for left in result.left] == [("sonnet", "fallback")]


def test_the_policy_chooses_the_fallbacks(kit: Any) -> None:
    world = World([fault(), sure(model=OPUS)])
    world.run(ladder(kit, retry=Retry(retries=0), fallback=("opus",)))
    assert world.path == ["haiku", "opus"]


def test_without_fallbacks_a_dead_tier_ends_the_run(kit: Any) -> None:
    world = World([fault()])
    with pytest.raises(Unavailable) as caught:
        world.run(ladder(kit, retry=Retry(retries=0), fallback=()))
    assert caught.value.details.may_retry
    assert "overloaded" in (caught.value.details.last_fault or "")


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        (FaultKind.AUTH, AuthFailed),
        (FaultKind.BILLING, AuthFailed),
        (FaultKind.SPEND_LIMIT, AuthFailed),
        (FaultKind.INVALID_REQUEST, RequestRefused),
        (FaultKind.TOO_LARGE, RequestRefused),
        (FaultKind.TLS, Unavailable),
    ],
)
def test_faults_that_do_not_heal_are_final_at_once(
    kit: Any, kind: FaultKind, error: type[RunError]
) -> None:
    world = World([fault(kind)])
    with pytest.raises(error) as caught:
        world.run(ladder(kit))
    assert world.path == ["haiku"]
    assert not caught.value.details.may_retry


def test_a_retry_after_is_obeyed_when_it_fits(kit: Any) -> None:
    world = World([fault(FaultKind.RATE_LIMITED, retry_after=7.0), sure()])
    world.run(ladder(kit))
    assert world.slept == [7.0]


@pytest.mark.parametrize("seconds", [121.0, 3600.0])
def test_a_retry_after_over_two_minutes_makes_the_attempt_final(kit: Any, seconds: float) -> None:
    world = World([fault(FaultKind.RATE_LIMITED, retry_after=seconds)])
    with pytest.raises(Unavailable) as caught:
        world.run(ladder(kit, fallback=()))
    assert world.slept == []
    assert caught.value.details.retry_after == seconds


def test_a_retry_after_beyond_the_deadline_falls_back_at_once(kit: Any) -> None:
    world = World([fault(FaultKind.RATE_LIMITED, retry_after=20.0), sure(model=SONNET)])
    world.run(ladder(kit, budget=RunBudget(deadline=10.0)))
    assert world.slept == []
    assert world.path == ["haiku", "sonnet"]


def test_an_answer_that_is_none_is_retried_once(kit: Any) -> None:
    world = World(
        [fault(FaultKind.BAD_RESPONSE), fault(FaultKind.BAD_RESPONSE), sure(model=SONNET)]
    )
    world.run(ladder(kit))
    assert world.path == ["haiku", "haiku", "sonnet"]


def test_the_servers_word_against_a_retry_counts(kit: Any) -> None:
    world = World([fault(FaultKind.SERVER_ERROR, should_retry=False), sure(model=SONNET)])
    world.run(ladder(kit))
    assert world.path == ["haiku", "sonnet"]


def test_a_paid_answer_is_not_thrown_away_when_the_next_tier_is_down(kit: Any) -> None:
    world = World([sure(confidence=0.5), fault(), fault()])
    result = world.run(ladder(kit, retry=Retry(retries=0)))
    assert (result.tier, result.accepted) == ("haiku", False)
    assert "Unavailable" in (result.reason or "")


def test_an_answer_by_another_model_is_flagged_and_priced_by_the_dearer(kit: Any) -> None:
    result = World([sure(model=OPUS)]).run(ladder(kit))
    assert result.attempts[0].served_model == OPUS
    dear = World([sure(model=OPUS)]).run(ladder(kit), tier="opus")
    assert result.cost == dear.cost


def test_strict_model_refuses_an_answer_by_another_model(kit: Any) -> None:
    with pytest.raises(RequestRefused):
        World([sure(model=OPUS)]).run(ladder(kit, strict_model=True))


# --- bounds ------------------------------------------------------------------------------


def test_the_deadline_spans_attempts_and_waits(kit: Any) -> None:
    world = World([fault(latency=0.4) for _ in range(50)])
    with pytest.raises((DeadlineExceeded, Unavailable)):
        world.run(ladder(kit, budget=RunBudget(deadline=5.0)))
    assert world.now <= 100.0 + 5.0 + 0.4


def test_each_attempt_is_given_no_more_than_the_deadline_leaves(kit: Any) -> None:
    world = World([fault(latency=3.0), sure()])
    world.run(ladder(kit, budget=RunBudget(deadline=10.0)))
    assert world.calls[0].timeout == pytest.approx(10.0)
    assert world.calls[1].timeout == pytest.approx(10.0 - 3.0 - world.slept[0])


def test_a_callers_deadline_can_only_shorten(kit: Any) -> None:
    world = World([sure(), sure()])
    world.run(ladder(kit, budget=RunBudget(deadline=10.0)), deadline=60.0)
    world.run(ladder(kit, budget=RunBudget(deadline=10.0)), deadline=2.0)
    assert [c.timeout for c in world.calls] == [pytest.approx(10.0), pytest.approx(2.0)]


def test_the_attempt_bound_spans_tiers(kit: Any) -> None:
    world = World([fault() for _ in range(50)])
    with pytest.raises(BudgetExceeded):
        world.run(ladder(kit, budget=RunBudget(attempts=4)))
    assert len(world.calls) == 4


@pytest.mark.parametrize(
    "budget", [RunBudget(attempts=2), RunBudget(deadline=1.0), RunBudget(deadline=1.3)]
)
def test_a_bound_met_after_faults_says_what_the_last_one_was(kit: Any, budget: RunBudget) -> None:
    """Whoever reads that time or budget has run out also reads why it was needed."""
    said = "cannot reach api.example:443: refused"
    down = Fault(FaultKind.CONNECTION, said, latency=0.9)
    late = Fault(FaultKind.TIMEOUT, "the time limit passed", latency=2.0)
    world = World([late] if budget.deadline == 1.3 else [down] * 9)
    with pytest.raises((BudgetExceeded, DeadlineExceeded)) as caught:
        world.run(ladder(kit, budget=budget))
    wanted = "timeout: the time limit passed" if budget.deadline == 1.3 else f"connection: {said}"
    assert caught.value.message.endswith(f"; last: {wanted}")


def test_a_bound_met_at_once_speaks_of_no_fault(kit: Any) -> None:
    """Without a fault there is none to mention."""
    with pytest.raises(BudgetExceeded) as caught:
        World([]).run(ladder(kit, budget=RunBudget(usd=Decimal("0.000001"))))
    assert "last:" not in caught.value.message


def test_an_attempt_that_could_break_the_run_budget_is_not_made(kit: Any) -> None:
    world = World([])
    with pytest.raises(BudgetExceeded) as caught:
        world.run(ladder(kit, budget=RunBudget(usd=Decimal("0.000001"))))
    assert world.calls == []
    assert caught.value.details.cost == 0


def test_over_budget_after_an_answer_gives_that_answer_unaccepted(kit: Any) -> None:
    probe = World([sure(confidence=0.5), sure(model=SONNET)])
    probe.run(ladder(kit))
    room = probe.rows[1].cost + max(
        a.cost for r in probe.records for a in r.attempts if a.status is AttemptStatus.RESERVED
    )
    world = World([sure(confidence=0.5)])
    result = world.run(ladder(kit, budget=RunBudget(usd=room * Decimal("0.99"))))
    assert (result.tier, result.accepted) == ("haiku", False)


def test_total_outage_makes_at_most_one_point_two_attempts_a_run(kit: Any) -> None:
    limits = Limits(RetryBudget(), Circuits(random.Random(3).random))
    task = ladder(kit, budget=RunBudget(deadline=30.0))
    calls = 0
    now = 100.0
    for _ in range(1000):
        world = World(lambda request: fault(latency=0.0), limits=limits, now=now)
        with pytest.raises(RunError):
            world.run(task)
        calls += len(world.calls)
        now += 0.005
    assert calls <= 1200


def test_one_in_ten_faults_leaves_nearly_every_run_answered(kit: Any) -> None:
    chance = random.Random(11)
    limits = Limits(RetryBudget(), Circuits(chance.random))
    task = ladder(kit)
    failed = calls = 0
    for _ in range(2000):
        world = World(
            lambda request: fault() if chance.random() < 0.1 else sure(model=request.model),
            limits=limits,
        )
        try:
            world.run(task)
        except RunError:
            failed += 1
        calls += len(world.calls)
    assert failed <= 2
    assert calls <= 2000 * 1.15


# --- paid signals ------------------------------------------------------------------------


def agreeing(kit: Any, **rest: Any) -> Task:
    return ladder(kit, confidence=Confidence((AgreementSignal(3, ("label",)),)), **rest)


def test_samples_are_taken_side_by_side_and_the_majority_answers(kit: Any) -> None:
    answers = [sure("fraud"), sure("billing"), sure("billing")]
    world = World([*answers, sure(model=SONNET), sure(model=SONNET), sure(model=SONNET)])
    result = world.run(agreeing(kit))
    assert world.groups == [3, 3]
    assert result.tier == "sonnet"
    assert "0.667 below 0.8" in result.left[0].reason


def test_with_a_cached_prefix_the_first_sample_goes_ahead(kit: Any) -> None:
    prompt = kit.prompt(system=[kit.block("x" * 4000, cache="5m")])
    world = World([sure(), sure(), sure()])
    result = world.run(agreeing(kit, prompt=prompt))
    assert world.groups == [2]
    assert result.confidence == 1.0


def test_a_sample_that_faults_agrees_with_nobody(kit: Any) -> None:
    world = World([sure(), fault(FaultKind.INVALID_REQUEST), sure(), *[sure(model=SONNET)] * 3])
    result = world.run(agreeing(kit))
    assert result.tier == "sonnet"
    assert "0.667" in result.left[0].reason


def judge_task(kit: Any) -> Task:
    schema = {
        "type": "object",
        "required": ["confidence"],
        "properties": {"confidence": {"type": "number", "minimum": 0, "maximum": 1}},
    }
    answer = kit.schema({"type": "object", "properties": {"answer": {"type": "string"}}})
    return kit.task(
        name="judge", input=answer, output=schema, prompt=kit.prompt("{{ answer | tag('answer') }}")
    )


def test_a_verifier_says_how_sure_the_run_is(kit: Any) -> None:
    task = ladder(kit, confidence=Confidence((VerifierSignal("judge"),)))
    world = World(
        [
            sure(),
            reply({"confidence": 0.4}),
            sure("fraud", model=SONNET),
            reply({"confidence": 0.9}),
        ]
    )
    result = world.run(task, others=[judge_task(kit)])
    assert [(a.task, a.role) for a in result.attempts] == [
        ("classify", "answer"),
        ("judge", "verifier"),
        ("classify", "answer"),
        ("judge", "verifier"),
    ]
    assert (result.tier, result.confidence) == ("sonnet", 0.9)
    assert '"label": "billing"' in json.dumps(world.calls[1].body["messages"]).replace('\\"', '"')


def test_a_verifier_that_cannot_answer_counts_as_not_confident(kit: Any) -> None:
    task = ladder(kit, confidence=Confidence((VerifierSignal("judge"),)))
    world = World(
        [sure(), fault(FaultKind.INVALID_REQUEST), sure(model=SONNET), reply({"confidence": 0.9})]
    )
    result = world.run(task, others=[judge_task(kit)])
    assert "verifier judge" in result.left[0].reason


def test_signals_that_cost_are_not_gathered_where_nothing_depends_on_them(kit: Any) -> None:
    world = World([sure(model=OPUS)])
    result = world.run(agreeing(kit), tier="opus")
    assert len(world.calls) == 1
    assert result.confidence is None


def test_a_missing_signal_is_not_confident_and_says_so(kit: Any) -> None:
    task = ladder(kit, confidence=Confidence((FieldSignal(("certainty",)),)))
    result = World([sure(), sure(model=SONNET), sure(model=OPUS)]).run(task)
    assert "output.certainty is missing" in result.left[0].reason


# --- account -----------------------------------------------------------------------------


def test_every_attempt_is_reserved_at_its_worst_case_before_it_is_made(kit: Any) -> None:
    world = World([sure(confidence=0.1), sure(model=SONNET)])
    world.run(ladder(kit))
    reserved = [a for r in world.records for a in r.attempts if a.status is AttemptStatus.RESERVED]
    assert [a.number for a in reserved] == [1, 2]
    assert all(a.cost >= world.rows[a.number].cost > 0 for a in reserved)


def test_an_attempt_that_may_have_been_billed_is_charged_its_reservation(kit: Any) -> None:
    world = World([fault(FaultKind.RESET, maybe_billed=True), sure()])
    result = world.run(ladder(kit))
    first = result.attempts[0]
    reserved = world.records[0].attempts[0].cost
    assert (first.cost, first.usage_known) == (reserved, False)


def test_an_answer_with_unknown_usage_is_delivered_and_charged_its_reservation(kit: Any) -> None:
    world = World([sure(usage_known=False, usage=Usage())])
    result = world.run(ladder(kit))
    assert result.accepted
    assert result.cost == world.records[0].attempts[0].cost > 0


def test_a_cancelled_run_settles_what_is_open_at_its_reservation(kit: Any) -> None:
    world = World([])
    cascade = world.cascade(ladder(kit), {"message": "hi"})
    steps = cascade.steps()
    world.perform(next(steps))  # the reservation
    assert isinstance(steps.send(None), Call)
    steps.close()
    record = cascade.abandon()
    assert record is not None
    assert record.run is not None
    assert record.attempts[0].status is AttemptStatus.CANCELLED
    assert record.attempts[0].cost == world.records[0].attempts[0].cost
    assert (record.run.status, record.run.cost) == ("cancelled", record.attempts[0].cost)
    assert cascade.abandon() is None


def test_without_a_reservation_no_call_is_made(kit: Any) -> None:
    world = World([sure()], refuse_reservation=1)
    with pytest.raises(LedgerError):
        world.run(ladder(kit))
    assert world.calls == []


def test_a_paid_answer_survives_a_ledger_that_fails_before_the_next_tier(kit: Any) -> None:
    world = World([sure(confidence=0.5)], refuse_reservation=2)
    result = world.run(ladder(kit))
    assert (result.tier, result.accepted) == ("haiku", False)


OUTCOMES = st.one_of(
    st.sampled_from(["sure", "unsure", "junk", "refusal", "truncated", "odd"]),
    st.sampled_from([kind for kind in FaultKind if kind is not FaultKind.CANCELLED]),
)


@settings(max_examples=150, deadline=None)
@given(script=st.lists(OUTCOMES, min_size=40, max_size=40), streaming=st.booleans())
def test_attempts_are_bounded_and_costs_add_up_under_any_script(
    kit: Any, script: list[Any], streaming: bool
) -> None:
    def play(request: Request) -> Any:
        what = script.pop(0)
        model = request.model
        if isinstance(what, FaultKind):
            return fault(what, maybe_billed=what is FaultKind.RESET)
        return {
            "sure": sure(model=model),
            "unsure": sure(confidence=0.3, model=model),
            "junk": reply("junk", model=model),
            "refusal": sure(stop="refusal", model=model),
            "truncated": sure(stop="max_tokens", model=model),
            "odd": sure(stop="odd", model=model),
        }[what]

    world = World(play)
    task = ladder(kit, budget=RunBudget(attempts=12, deadline=600.0))
    try:
        result = world.run(task, streaming=streaming)
    except RunError as error:
        attempts, cost = error.details.attempts, error.details.cost
    else:
        attempts, cost = result.attempts, result.cost
        if result.accepted:
            assert task.output is not None
            assert not task.output.problems(result.output)
    assert len(world.calls) <= 12
    assert [a.number for a in attempts] == list(range(1, len(world.calls) + 1))
    assert sum((a.cost for a in attempts), Decimal(0)) == cost
    assert {n: a.cost for n, a in world.rows.items()} == {a.number: a.cost for a in attempts}
    (row,) = world.run_rows
    assert (row.cost, row.attempts) == (cost, len(attempts))
    assert not any(a.status is AttemptStatus.RESERVED for a in world.rows.values())


# --- streams -----------------------------------------------------------------------------


def test_a_tier_that_may_escalate_is_held_back(kit: Any) -> None:
    world = World([sure(confidence=0.1), sure(model=SONNET)])
    result = world.run(ladder(kit), streaming=True)
    assert [request.relay for request in world.calls] == [False, False]
    assert world.emitted == [
        Restart("haiku", "sonnet", result.left[0].reason),
        TextDelta(result.text, "sonnet"),
    ]


def test_the_last_tier_is_passed_on_as_it_comes(kit: Any) -> None:
    world = World([sure(model=OPUS, relayed=True)])
    world.run(ladder(kit), streaming=True, tier="opus")
    assert world.calls[0].relay
    assert world.emitted == []


def test_an_eager_stream_tells_its_reader_to_discard(kit: Any) -> None:
    world = World([sure(confidence=0.1, relayed=True), sure(model=SONNET, relayed=True)])
    result = world.run(ladder(kit, stream="eager"), streaming=True)
    assert world.emitted == [Discard("haiku", result.left[0].reason)]


def test_a_stream_that_dies_after_text_was_passed_on_is_not_retried(kit: Any) -> None:
    world = World([fault(FaultKind.STREAM_INTERRUPTED, relayed=True, text="so far")])
    with pytest.raises(StreamInterrupted) as caught:
        world.run(ladder(kit), streaming=True, tier="opus")
    assert caught.value.text == "so far"
    assert len(world.calls) == 1
