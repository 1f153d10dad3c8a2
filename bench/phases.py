"""Where a run's own time goes: its phases, each timed by calling the real function in a loop.

A profiler charges small calls too much; loops do not. What the phases leave of the whole is
`between`: the generator's steps, the driver and the objects that are passed.
"""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from bench.measure import per_call, quiet
from bench.own import routers
from bench.workload import ANSWER, INPUTS, TASK, Stub
from router.catalog.pricing import cost
from router.claude.call import perform, wire_request
from router.claude.reader import read_body
from router.engine.account import Charge
from router.engine.answers import read_answer
from router.engine.calls import Calls
from router.engine.cascade import Cascade
from router.engine.confidence import field_reading
from router.engine.effects import Call, Record, Reply, Request
from router.engine.inputs import prepare_inputs
from router.engine.plan import choose_start, reservation
from router.engine.request import build_body, render_prompt
from router.engine.run import RunRequest
from router.ledger.sqlite import SQLiteLedger
from router.router import Router
from router.types import Usage

__all__ = ["Phase", "measure"]

Phase = tuple[str, float]


def measure(*, rounds: int = 12, calls: int = 400) -> list[Phase]:
    """Microseconds a phase, the whole last."""
    with routers() as (bare, kept):
        return [
            (name, quiet([per_call(call, calls)[0] for _ in range(rounds)]))
            for name, call in _phases(bare, kept)
        ]


def _phases(bare: Router, kept: Router) -> list[tuple[str, Callable[[], object]]]:
    policies = bare.policies
    task = policies.tasks[TASK]
    tier = task.tiers[0]
    engine = bare._engine
    model = engine.catalog.get(tier.model)
    stub = Stub()
    request = RunRequest(
        task=task,
        inputs=prepare_inputs(task, INPUTS),
        tasks=policies.tasks,
        run_id="run_" + os.urandom(9).hex(),
        tags=task.tags,
    )
    cascade = Cascade(request, engine)
    rendered = render_prompt(task, request.inputs)
    body = build_body(task, tier, rendered, model=model)
    call = _first_call(Cascade(request, engine))
    reply = perform(stub, call, time.monotonic)
    if not isinstance(reply, Reply):
        raise TypeError(f"no answer: {reply}")
    answer = read_answer(task, reply)
    today = cascade.today
    fresh = Cascade(request, engine)

    return [
        ("inputs checked", lambda: prepare_inputs(task, INPUTS)),
        ("run id", lambda: "run_" + os.urandom(9).hex()),
        ("run and account begun", lambda: Cascade(request, engine)),
        ("prompt rendered, bound known", lambda: render_prompt(task, request.inputs)),
        ("ladder and calls begun", lambda: Calls(task, rendered, cascade)),
        ("start tier chosen", lambda: choose_start(task, request.inputs)),
        ("does the tier read confidence", lambda: task.reads_confidence(tier)),
        ("body built", lambda: build_body(task, tier, rendered, model=model)),
        ("worst case priced", lambda: reservation(tier, model, body, today)),
        ("attempt reserved and settled", lambda: _reserve(fresh, tier)),
        ("wire request made", lambda: wire_request(stub, call, stream=False)),
        (
            "answer read",
            lambda: read_body(200, stub.send(None).headers, ANSWER, asked=body),  # type: ignore[arg-type]  # unread
        ),
        ("whole call: wire, stub, read", lambda: perform(stub, call, time.monotonic)),
        ("output parsed and checked", lambda: read_answer(task, reply)),
        ("confidence read", lambda: field_reading(answer.output, ("confidence",))),
        ("cost priced", lambda: cost(model, reply.usage, today)),  # type: ignore[arg-type]  # known
        ("whole machine, no driver", lambda: _through(Cascade(request, engine), reply)),
        ("whole run", lambda: bare.run(TASK, INPUTS)),
        *_ledger_phases(kept, request, reply),
        ("whole run, ledger", lambda: kept.run(TASK, INPUTS)),
    ]


def _ledger_phases(
    kept: Router, request: RunRequest, reply: Reply
) -> list[tuple[str, Callable[[], object]]]:
    ledger = kept._ledger
    if not isinstance(ledger, SQLiteLedger):
        raise TypeError("this phase needs the SQLite ledger")
    numbers = itertools.count()

    def fresh() -> list[Record]:
        own = replace(request, run_id=f"run_{next(numbers):018x}_{os.getpid()}")
        return _records(Cascade(own, kept._engine), reply)

    def both() -> None:
        for record in fresh():
            ledger.write(record)

    return [("records built, for comparison", fresh), ("records built and written", both)]


def _first_call(cascade: Cascade) -> Request:
    steps = cascade.steps()
    for effect in iter(lambda: steps.send(None), None):
        if isinstance(effect, Call):
            steps.close()
            return effect.request
    raise AssertionError("the run made no call")


def _through(cascade: Cascade, reply: Reply) -> Any:
    steps = cascade.steps()
    try:
        effect = next(steps)
        while True:
            effect = steps.send(reply if type(effect) is Call else None)
    except StopIteration as end:
        return end.value


def _records(cascade: Cascade, reply: Reply) -> list[Record]:
    steps = cascade.steps()
    records: list[Record] = []
    try:
        effect = next(steps)
        while True:
            if type(effect) is Record:
                records.append(effect)
            effect = steps.send(reply if type(effect) is Call else None)
    except StopIteration:
        return records


def _reserve(cascade: Cascade, tier: Any) -> None:
    account = cascade.account
    attempt = account.reserve(
        task=TASK,
        tier=tier.name,
        model=tier.model,
        worst=Decimal("0.001"),
        role="answer",
        waited=0.0,
        now=0.0,
        emulated=False,
    )
    account.settle(attempt, _FAULTLESS, Charge(Decimal(0), _FAULTLESS.usage, known=True))
    account._entries.clear()
    account._pending.clear()


_FAULTLESS = Reply("id", "model", (), "", "end_turn", usage=Usage())


if __name__ == "__main__":
    for name, microseconds in measure():
        print(f"{name:34} {microseconds:7.2f}")
