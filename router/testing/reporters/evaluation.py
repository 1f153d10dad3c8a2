"""Evaluations as text for people, as JSON for programs, and as JUnit for CI."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

from router import junit
from router.errors import UsageError
from router.testing.evaluating import Evaluated
from router.testing.evaluation import Evaluation, Trial

__all__ = ["render"]

_SHOWN = 20  # wrong inputs; a longer list is for programs
_RED, _GREEN, _YELLOW, _PLAIN = (f"\x1b[{code}m" for code in (31, 32, 33, 0))
_NAMES = {
    "accuracy": "right",
    "worst_case": "worst input",
    "escalation_rate": "escalated",
    "usd_per_run": "cost in USD",
}
_VERDICTS = {True: ("passed", _GREEN), False: ("MISSED", _RED), None: ("not judged", _YELLOW)}


def render(evaluated: Evaluated, form: str = "text", *, color: bool = False) -> str:
    """The whole in one form.

    Raises:
        UsageError: there is no such form.
    """
    if form == "text":
        return "".join(f"{line}\n" for line in _text(evaluated, color))
    if form == "json":
        return json.dumps(_plain(evaluated), indent=2, ensure_ascii=False) + "\n"
    if form == "junit":
        return junit.render("router test", _suites(evaluated))
    raise UsageError(f"there is no form {form!r}: text, json, junit")


# --- text -----------------------------------------------------------------------------------------


def _text(evaluated: Evaluated, color: bool) -> Iterator[str]:
    for one in evaluated.evaluations:
        yield from _evaluation(one, color)
        yield ""
    if evaluated.max_usd is None:
        yield f"replayed: nothing was sent; these answers once cost {_usd(evaluated.cost)} USD"
    else:
        most = f"cost {_usd(evaluated.cost)} USD of {_usd(evaluated.max_usd)} at most"
        made_up = "; emulated: the answers are made up and nobody was billed"
        yield f"{most}{made_up if evaluated.emulated else ''}"


def _evaluation(one: Evaluation, color: bool) -> Iterator[str]:
    inputs = len(one.labelled.cases)
    yield f"{one.file}: {one.labelled.task}, revision {one.revision[:12]}"
    yield f"  {inputs} input{_s(inputs)}, each answered {one.repeats} time{_s(one.repeats)}"
    yield from (_measure(one, gate, color) for gate in _NAMES)
    for why, count in one.missing.items():
        yield f"  {'not run':<13}{count} of {len(one.trials)}: {why}"
    if one.cost != one.cost_of_made:
        spent = _usd(one.cost - one.cost_of_made)
        yield f"  {'unfinished':<13}{spent} USD for runs that are not counted above"
    yield from (f"  {line}" for line in _wrong(one))


def _wrong(one: Evaluation) -> Iterator[str]:
    """The inputs that were not always right, the first of them."""
    wrong = list(one.wrong())
    for fares, failure in wrong[:_SHOWN]:
        yield f"{failure.span}: right {fares.part} of {fares.whole} times"
        if failure.expected is None:
            yield f"    {failure.what}"
        else:
            yield f"    {failure.what}: expected {failure.expected}, got {failure.actual}"
    if len(wrong) > _SHOWN:
        yield f"and {len(wrong) - _SHOWN} more inputs: --format json"


def _measure(one: Evaluation, gate: str, color: bool) -> str:
    line = f"  {_NAMES[gate]:<13}{_measured(one, gate)}"
    if gate not in one.labelled.gates:
        return line
    word, tone = _VERDICTS[_verdict(one, gate)]
    shown = f"{tone}{word}{_PLAIN}" if color else word
    return f"{line}; gate {_bound(one, gate)} {shown}"


def _measured(one: Evaluation, gate: str) -> str:
    """What a gate looks at, of the runs that were made."""
    if not one.made:
        return "no run"
    name, worst = one.worst
    return {
        "accuracy": str(one.accuracy),
        "worst_case": f"{worst}, {name}",
        "escalation_rate": str(one.escalated),
        "usd_per_run": f"{_usd(one.usd_per_run)} a run, {_usd(one.cost_of_made)} in all",
    }[gate]


def _verdict(one: Evaluation, gate: str) -> bool | None:
    """Whether the gate was passed; None where it was not judged."""
    return one.gates[gate] is None if gate in one.gates else None


def _bound(one: Evaluation, gate: str) -> str:
    return str(one.labelled.gates[gate].value)


def _usd(amount: Decimal) -> str:
    """To a hundred millionth of a dollar, without zeros at the end."""
    text = f"{amount:.8f}"
    return text.rstrip("0").rstrip(".")


def _s(count: int) -> str:
    return "" if count == 1 else "s"


# --- for programs ---------------------------------------------------------------------------------


def _plain(evaluated: Evaluated) -> dict[str, Any]:
    return {
        "version": 1,
        "passed": evaluated.exit_code == 0,
        "emulated": evaluated.emulated,
        "max_usd": None if evaluated.max_usd is None else f"{evaluated.max_usd:f}",
        "cost_usd": f"{evaluated.cost:f}",
        "evaluations": [_plain_evaluation(one) for one in evaluated.evaluations],
    }


def _plain_evaluation(one: Evaluation) -> dict[str, Any]:
    name, worst = one.worst
    return {
        "file": one.file,
        "task": one.labelled.task,
        "revision": one.revision,
        "passed": one.passed,
        "inputs": len(one.labelled.cases),
        "repeats": one.repeats,
        "runs": len(one.made),
        "right": one.accuracy.part,
        "worst_case": {"input": name, "right": worst.part, "runs": worst.whole},
        "escalated": one.escalated.part,
        "cost_usd": f"{one.cost:f}",
        "missing": dict(one.missing),
        "gates": {
            gate: {
                "bound": _bound(one, gate),
                "judged": gate in one.gates,
                "passed": bool(_verdict(one, gate)),
            }
            for gate in one.labelled.gates
        },
        "trials": [_plain_trial(trial) for trial in one.trials],
    }


def _plain_trial(trial: Trial) -> dict[str, Any]:
    outcome = trial.outcome
    result = None if outcome is None else outcome.result
    error = None if outcome is None else outcome.error
    return {
        "input": trial.case.name,
        "line": trial.case.node.span.line,
        "repeat": trial.repeat,
        "right": trial.right,
        "missing": trial.missing,
        "tier": None if result is None else result.tier,
        "confidence": None if result is None else result.confidence,
        "escalated": trial.escalated,
        "output": None if result is None else result.output,
        "error": None if error is None else f"{type(error).__name__}: {error.message}",
        "cost_usd": f"{trial.cost:f}",
        "failures": [
            {"what": one.what, "expected": one.expected, "actual": one.actual}
            for one in trial.failures
        ],
    }


def _suites(evaluated: Evaluated) -> Iterator[junit.Suite]:
    """A suite a test file; its cases are the gates, and whether every run was made."""
    for one in evaluated.evaluations:
        cases = [_gate(one, gate) for gate in one.labelled.gates]
        made = junit.Case("every run was made", one.labelled.task)
        if one.missing:
            said = "; ".join(
                f"{count} of {len(one.trials)}: {why}" for why, count in one.missing.items()
            )
            made = replace(made, outcome="failure", message=said, kind="missing")
        yield junit.Suite(one.file, (*cases, made))


def _gate(one: Evaluation, gate: str) -> junit.Case:
    case = junit.Case(f"{gate} {_bound(one, gate)}", one.labelled.task)
    match _verdict(one, gate):
        case None:
            return replace(case, outcome="skipped", message="not judged: not every run was made")
        case False:
            said = f"{gate} is {_measured(one, gate)}"
            detail = "\n".join(_wrong(one)) if gate in ("accuracy", "worst_case") else ""
            return replace(case, outcome="failure", message=said, detail=detail, kind="gate")
    return case
