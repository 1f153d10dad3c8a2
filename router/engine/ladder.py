"""One task's ladder: visit a tier, judge its answer, leave it or take it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from msgspec import Struct

from router.compiler.model import (
    AgreementSignal,
    EscalateRule,
    Event,
    FieldSignal,
    Task,
    Tier,
    VerifierSignal,
)
from router.engine.account import Role
from router.engine.answers import Answer, read_answer
from router.engine.calls import USEFUL, Calls
from router.engine.confidence import Reading, agreement, combine, field_reading, is_paid
from router.engine.decisions import Decision, Kind
from router.engine.effects import Emit, Fault, FaultKind, Reply, Steps
from router.engine.inputs import prepare_inputs
from router.engine.plan import matching_start
from router.engine.request import has_cached_prefix, render_prompt
from router.engine.retrying import FALLS_BACK
from router.engine.run import Run
from router.errors import (
    AuthFailed,
    DeadlineExceeded,
    Exhausted,
    LedgerError,
    RequestRefused,
    RouterError,
    RunError,
    StreamInterrupted,
    Unavailable,
)
from router.types import Discard, Left, Restart, Usage

__all__ = ["Climbed", "Ladder"]


class Climbed(Struct, frozen=True):
    """Where a climb ended: the answer taken, or the policy's own value in its place."""

    output: Any
    text: str
    content: tuple[Mapping[str, Any], ...]
    tier: str
    model: str
    confidence: float | None
    accepted: bool
    left: list[Left]
    stop_reason: str | None
    usage: Usage | None  # of the call that gave the answer
    reason: str | None = None
    relayed: bool = False


class _Visit(Struct, frozen=True):
    """An answer with its verdict."""

    tier: Tier
    answer: Answer
    reading: Reading
    number: int  # of the attempt that gave it


class _Verdict(Struct, frozen=True):
    accepted: bool
    to: str | None = None
    reason: str | None = None


@dataclass(slots=True)
class _Seen:
    """What the climb has learnt so far."""

    visited: set[str] = field(default_factory=set)
    answered: bool = False
    best: _Visit | None = None
    left: list[Left] = field(default_factory=list)


class Ladder:
    """One climb of one task. Verifiers are climbs of their own that share the run's account."""

    def __init__(self, task: Task, inputs: Mapping[str, Any], role: Role, run: Run) -> None:
        self.task = task
        self.inputs = inputs
        self.role: Role = role
        self.run = run
        self.showing: str | None = None  # the tier whose text the stream's reader has
        self._seen = _Seen()
        self._calls = Calls(task, render_prompt(task, inputs), run)

    def climb(self) -> Steps[Climbed]:
        """Raises RunError by kind, LedgerError."""
        try:
            return (yield from self._climb())
        except (RunError, LedgerError) as error:
            # A paid answer is not thrown away because the next tier could not be asked.
            best, mode = self._seen.best, self.task.exhausted.mode
            answered = best is not None or (mode == "value" and self._seen.answered)
            if not answered or mode == "error" or isinstance(error, StreamInterrupted):
                raise
            return self._settle_for(best, f"{type(error).__name__}: {error.message}")

    def _climb(self) -> Steps[Climbed]:
        seen = self._seen
        tier = self._first()
        while True:
            seen.visited.add(tier.name)
            visit = yield from self._visit(tier)
            if isinstance(visit, Fault):
                tier = yield from self._fall_back(tier, visit)
                continue
            seen.answered = True
            verdict = self._judge(visit)
            self.run.account.annotate(
                visit.number,
                confidence=visit.reading.value,
                escalation=None if verdict.accepted else verdict.reason,
            )
            if verdict.accepted:
                return self._take(visit, accepted=True)
            self._keep(visit)
            following = self._unvisited_from(verdict.to)
            reason = verdict.reason or "not accepted"
            seen.left.append(Left(tier.name, following, "escalation", reason))
            if following is None:
                return self._exhausted(reason)
            yield from self._leave(tier, following, reason)
            tier = self.task.tier(following)

    # --- visiting ---------------------------------------------------------------------

    def _first(self) -> Tier:
        override = self.run.request.tier if self.role == "answer" else None
        if override:
            return self.task.tier(override)
        task = self.task
        found = matching_start(task, self.inputs)
        for index in range(len(task.start) if found is None else found + 1):
            self._decide("start", None, index, index == found)
        return task.tiers[0] if found is None else task.tier(task.start[found].tier)

    def _unvisited_from(self, name: str | None) -> str | None:
        """The tier of that name, or the first above it that has not had its turn."""
        while name is not None and name in self._seen.visited:
            above = self.task.after(name)
            name = None if above is None else above.name
        return name

    def _visit(self, tier: Tier) -> Steps[_Visit | Fault]:
        """Ask a tier, as often as its confidence needs, and read what the answers are worth."""
        wanted = self.task.reads_confidence(tier)
        samples = self._samples() if wanted else None
        if samples is not None:
            return (yield from self._sample(tier, samples))
        outcome = yield from self._calls.answer(tier, self.role, relay=self._relays(tier))
        if isinstance(outcome, Fault):
            return outcome
        answer = read_answer(self.task, outcome)
        if outcome.relayed:
            self.showing = tier.name
        number = self.run.account.made
        reading = yield from self._read(answer, wanted=wanted, agreed=None)
        return _Visit(tier, answer, reading, number)

    def _sample(self, tier: Tier, signal: AgreementSignal) -> Steps[_Visit | Fault]:
        outcomes = yield from self._calls.samples(
            tier, self.role, signal.samples, ahead=has_cached_prefix(self.task)
        )
        replies = [
            (number, read_answer(self.task, outcome))
            for number, outcome in outcomes
            if isinstance(outcome, Reply)
        ]
        if not replies:
            return outcomes[0][1]  # type: ignore[return-value]  # no reply: all are faults
        usable = [(number, answer) for number, answer in replies if answer.event is None]
        if not usable:
            number, answer = replies[0]
            return _Visit(tier, answer, Reading(None, answer.problem), number)
        share, winner = agreement(
            [answer.output for _, answer in usable], signal.samples, signal.of
        )
        number, answer = usable[winner]
        reading = yield from self._read(answer, wanted=True, agreed=share)
        return _Visit(tier, answer, reading, number)

    def _samples(self) -> AgreementSignal | None:
        if self.task.confidence is not None:
            for signal in self.task.confidence.signals:
                if isinstance(signal, AgreementSignal):
                    return signal
        return None

    def _relays(self, tier: Tier) -> bool:
        """Whether text may be passed on as it comes: not where it may yet be replaced."""
        if not self.run.request.streaming or self.role != "answer":
            return False
        if self.task.stream == "eager":
            return True
        above = self.task.after(tier.name) is not None
        return not tier.escalate and not (above and self.task.escalate_on)

    # --- judging ----------------------------------------------------------------------

    def _read(self, answer: Answer, *, wanted: bool, agreed: Reading | None) -> Steps[Reading]:
        confidence = self.task.confidence
        if confidence is None:
            return Reading(None, "the policy names no signal")
        if answer.event is not None or answer.output is None:
            return Reading(None, answer.problem)
        if not wanted and any(is_paid(signal) for signal in confidence.signals):
            return Reading(None, "not asked for on this tier")
        readings: list[Reading] = []
        for signal in confidence.signals:
            if isinstance(signal, FieldSignal):
                readings.append(field_reading(answer.output, signal.path))
            elif isinstance(signal, AgreementSignal):
                readings.append(agreed or Reading(None, "no samples were taken"))
            else:
                readings.append((yield from self._verify(signal, answer)))
            if readings[-1].value is None:
                break  # the whole is missing: spare what the others would cost
        return combine(readings, confidence.combine)

    def _verify(self, signal: VerifierSignal, answer: Answer) -> Steps[Reading]:
        """Run the verifier task over the answer; whatever stops it counts as not confident."""
        task = self.run.request.tasks[signal.task]
        declared = (task.input.source.get("properties") or {}) if task.input is not None else {}
        inputs = {name: self.inputs[name] for name in declared if name in self.inputs}
        if "answer" in declared:
            inputs["answer"] = answer.reply.text
        try:
            checker = Ladder(task, prepare_inputs(task, inputs), "verifier", self.run)
            climbed = yield from checker.climb()
        except RouterError as error:
            return Reading(None, f"verifier {signal.task}: {error.message}")
        if not climbed.accepted:
            return Reading(None, f"verifier {signal.task}: {climbed.reason}")
        return field_reading(climbed.output, ("confidence",))

    def _judge(self, visit: _Visit) -> _Verdict:
        answer, tier = visit.answer, visit.tier
        if answer.event is not None:
            reason = f"{answer.event.value}: {answer.problem}"
            above = self.task.after(tier.name)
            climbs = answer.event in self.task.escalate_on and above is not None
            if climbs:
                self._decide("event", None, answer.event)
            return _Verdict(False, above.name if climbs and above else None, reason)
        self._decide("answered", tier.name)
        for index, rule in enumerate(tier.escalate):
            fires = self._fires(rule, visit)
            self._decide("escalate", tier.name, index, fires is not None)
            if fires is not None:
                return _Verdict(False, rule.to, fires)
        return _Verdict(True)

    def _fires(self, rule: EscalateRule, visit: _Visit) -> str | None:
        """Why the rule applies; None where it does not."""
        reading, answer = visit.reading, visit.answer
        if rule.below is not None:
            if answer.reply.stop_reason == "tool_use":
                return None  # a tool call is no answer yet: nothing to be sure of
            if reading.value is not None and reading.value >= rule.below:
                return None
            words = (
                f"confidence {reading.value:.3g} below {rule.below:g}"
                if reading.value is not None
                else f"no confidence: {reading.reason}"
            )
        else:
            if rule.when is None or not rule.when.holds(self._names(visit)):
                return None
            words = f"when {rule.when.source}"
        return f"{words} ({rule.reason})" if rule.reason else words

    def _names(self, visit: _Visit) -> dict[str, Any]:
        return {
            **self.inputs,
            "output": visit.answer.output,
            "confidence": visit.reading.value,
            "tier": visit.tier.name,
            "stop_reason": visit.answer.reply.stop_reason,
        }

    def _decide(
        self, kind: Kind, tier: str | None, which: int | Event | None = None, outcome: bool = True
    ) -> None:
        decided = self.run.engine.decided
        if decided is not None:
            decided(Decision(self.task.name, kind, tier, which, outcome))

    # --- leaving ----------------------------------------------------------------------

    def _leave(self, tier: Tier, to: str | None, reason: str) -> Steps[None]:
        if self.role != "answer":
            return
        if self.showing is not None:
            self.showing = None
            yield Emit(Discard(tier.name, reason))
        else:
            yield Emit(Restart(tier.name, to, reason))

    def _fall_back(self, tier: Tier, fault: Fault) -> Steps[Tier]:
        """The tier to ask instead, or the error that ends the run."""
        following = self._substitute(tier) if fault.kind in FALLS_BACK else None
        if fault.relayed or following is None:
            raise self._failure(tier, fault)
        self._calls.check(following)
        # An open circuit cost no call: asking elsewhere first does not multiply an outage. Nor
        # does a model that is gone: it is no sign of load, and may stay so for weeks.
        if fault.kind is FaultKind.CIRCUIT_OPEN:
            drawn = self.run.account.last_fault is not None
        else:
            drawn = fault.kind is not FaultKind.NOT_FOUND
        if drawn and not self.run.engine.limits.retry_budget.take():
            raise self._failure(tier, fault, "the process's retry budget is spent")
        reason = f"{fault.kind.value}: {fault.message}"
        self._decide("fallback", tier.name)
        self._seen.left.append(Left(tier.name, following.name, "fallback", reason))
        yield from self._leave(tier, following.name, reason)
        return following

    def _substitute(self, tier: Tier) -> Tier | None:
        names = self.task.fallback
        if names is None:
            rest = [other.name for other in self.task.tiers]
            names = tuple(rest[rest.index(tier.name) + 1 :])
        for name in names:
            if name not in self._seen.visited:
                return self.task.tier(name)
        return None

    def _failure(self, tier: Tier, fault: Fault, why: str | None = None) -> RunError:
        details = self.run.account.details(tier.name, fault)
        where = f"{self.task.name}/{tier.name} ({tier.model})"
        message = f"{where}: {fault.message}"
        if why:
            message = f"{message}; {why}"
        if fault.relayed:
            return StreamInterrupted(message, details, fault.text)
        kind = fault.kind
        if kind in (
            FaultKind.AUTH,
            FaultKind.BILLING,
            FaultKind.PERMISSION,
            FaultKind.SPEND_LIMIT,
        ):
            return AuthFailed(message, details)
        if kind in (FaultKind.INVALID_REQUEST, FaultKind.TOO_LARGE, FaultKind.NOT_FOUND):
            return RequestRefused(message, details)
        if kind is FaultKind.TIMEOUT and self.run.room() < USEFUL:
            return DeadlineExceeded(
                self.run.account.after_faults(
                    f"{where}: no answer within {self.run.deadline_seconds:g} s"
                ),
                details,
            )
        return Unavailable(message, details)

    # --- ending -----------------------------------------------------------------------

    def _keep(self, visit: _Visit) -> None:
        """Remember the best answer that was not accepted: the surest, the later of equals; one
        that was cut off only where there is no whole one."""
        if not visit.answer.usable:
            return
        best = self._seen.best
        if best is None or _rank(visit) >= _rank(best):
            self._seen.best = visit

    def _exhausted(self, reason: str) -> Climbed:
        self._decide("exhausted", None)
        best = self._seen.best
        if self.task.exhausted.mode == "error" or (
            best is None and self.task.exhausted.mode == "best"
        ):
            tiers = ", ".join(left.tier for left in self._seen.left)
            raise Exhausted(
                f"{self.task.name}: no answer was good enough (asked: {tiers}); last: {reason}",
                self.run.account.details(),
            )
        return self._settle_for(best, reason)

    def _settle_for(self, best: _Visit | None, reason: str) -> Climbed:
        if self.task.exhausted.mode == "value":
            last = self._seen.left[-1].tier if self._seen.left else self.task.tiers[-1].name
            tier = self.task.tier(last)
            return Climbed(
                output=self.task.exhausted.value,
                text="",
                content=(),
                tier=tier.name,
                model=tier.model,
                confidence=None,
                accepted=False,
                left=self._seen.left,
                stop_reason=None,
                usage=None if best is None else best.answer.reply.usage,
                reason=reason,
            )
        if best is None:
            raise ValueError("an unaccepted climb without an answer has nothing to settle for")
        return self._take(best, accepted=False, reason=reason)

    def _take(self, visit: _Visit, *, accepted: bool, reason: str | None = None) -> Climbed:
        reply = visit.answer.reply
        return Climbed(
            output=visit.answer.output,
            text=reply.text,
            content=reply.content,
            tier=visit.tier.name,
            model=visit.tier.model,
            confidence=visit.reading.value,
            accepted=accepted,
            left=self._seen.left,
            stop_reason=reply.stop_reason,
            usage=reply.usage,
            reason=reason,
            relayed=reply.relayed and self.showing == visit.tier.name,
        )


def _rank(visit: _Visit) -> tuple[bool, float]:
    return visit.answer.event is None, visit.reading.value or 0.0
