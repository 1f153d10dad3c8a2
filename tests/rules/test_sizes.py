"""Sizes and costs without inputs agree with the plan of a run whose inputs are at their longest."""

from __future__ import annotations

from datetime import date

import pytest

from router.catalog import load_catalog
from router.engine.plan import make_plan
from router.rules.base import Facts
from router.rules.sizes import call_cost, least_cost, part_sizes, path_cost, unmeasured

TODAY = date(2026, 11, 22)
CATALOG = load_catalog()
POLICY = """\
version: 1
models: {haiku: claude-haiku-5-5, sonnet: claude-sonnet-5-5}
tasks:
  sort:
    input:
      type: object
      required: [message]
      additionalProperties: false
      properties: {message: {type: string, maxLength: 4000}}
    output:
      type: object
      required: [label, confidence]
      additionalProperties: false
      properties: {label: {enum: [a, b]}, confidence: {type: number}}
    prompt:
      system:
        - {text: "GUIDE", cache: 1h}
        - {text: "GUIDE", cache: 5m}
      user: '{{ message | tag("message") }}'
    tiers:
      - {model: haiku, max_tokens: 500, escalate: [{below: 0.8}]}
      - {model: sonnet, max_tokens: 900}
    confidence: SIGNAL
""".replace("GUIDE", "Sort with care. " * 200)
CHECKER = """\
  check:
    input:
      type: object
      required: [answer]
      additionalProperties: false
      properties: {answer: {type: string, maxLength: 2000}}
    output:
      type: object
      required: [confidence]
      additionalProperties: false
      properties: {confidence: {type: number}}
    prompt: {user: '{{ answer | tag("answer") }}'}
    tiers: [{model: haiku, max_tokens: 300}]
"""


@pytest.fixture
def sized(judged):
    """The compiled tasks of a policy by name, and the facts to size them with."""

    def run(text: str):
        judgement = judged(text)
        assert judgement.policy_set is not None, judgement.findings
        tasks = {compiled.task.name: compiled for compiled in judgement.tasks}
        return tasks, Facts(CATALOG, TODAY, tasks)

    return run


def test_a_call_costs_what_the_plan_of_the_longest_inputs_says(sized) -> None:
    """But for the template's own marks, and the wrapping of the schema: at most 2 % apart."""
    tasks, facts = sized(POLICY.replace("SIGNAL", "{field: output.confidence}"))
    task = tasks["sort"].task
    plan = make_plan(task, {"message": "x" * 4000}, catalog=CATALOG, today=TODAY)
    for tier, planned in zip(task.tiers, plan.tiers, strict=True):
        said = call_cost(tasks["sort"], facts, tier)
        assert said is not None
        assert said.prompt_tokens == pytest.approx(planned.prompt_tokens, rel=0.02)
        assert float(said.cold) == pytest.approx(float(planned.cost_cold), rel=0.02)
        assert float(said.warm) == pytest.approx(float(planned.cost_warm), rel=0.02)
    most, path = path_cost(tasks["sort"], facts)
    assert path == ("haiku", "sonnet")
    assert float(most) == pytest.approx(float(plan.cost_worst), rel=0.02)
    least = least_cost(tasks["sort"], facts)
    assert float(least) == pytest.approx(float(plan.cost_best), rel=0.02)


def test_a_warm_call_reads_what_a_cold_one_writes(sized) -> None:
    """Both breakpoints count: the warm call pays a read for the whole cached prefix."""
    tasks, facts = sized(POLICY.replace("SIGNAL", "{field: output.confidence}"))
    said = call_cost(tasks["sort"], facts, tasks["sort"].task.tiers[0])
    assert said is not None
    assert said.warm < said.cold


def test_parts_add_up_to_the_prompt(sized) -> None:
    """Each part has its tokens; only the schema of the output is on top of them."""
    tasks, facts = sized(POLICY.replace("SIGNAL", "{field: output.confidence}"))
    compiled = tasks["sort"]
    parts = part_sizes(compiled, facts.model(compiled.task.tiers[0]))
    assert [(one.part.kind, one.constant) for one in parts] == [
        ("system", True),
        ("system", True),
        ("user", False),
    ]
    said = call_cost(compiled, facts, compiled.task.tiers[0])
    assert said is not None
    assert 0 < said.prompt_tokens - sum(one.tokens for one in parts) < 200


def test_samples_multiply_the_call_only_where_confidence_is_read(sized) -> None:
    """Three samples on the tier that has a threshold, one call on the last."""
    tasks, facts = sized(POLICY.replace("SIGNAL", "{agreement: {samples: 3, of: output.label}}"))
    compiled = tasks["sort"]
    haiku, sonnet = compiled.task.tiers
    assert (compiled.task.calls(haiku), compiled.task.calls(sonnet)) == (3, 1)
    one = call_cost(compiled, facts, haiku)
    assert one is not None
    assert least_cost(compiled, facts) == 3 * one.warm


def test_a_verifier_is_paid_for_where_confidence_is_read(sized) -> None:
    """Once on top of the first tier, at its own least and most."""
    tasks, facts = sized(POLICY.replace("SIGNAL", "{verifier: check}") + CHECKER)
    compiled, checker = tasks["sort"], tasks["check"]
    haiku, sonnet = (call_cost(compiled, facts, tier) for tier in compiled.task.tiers)
    assert haiku is not None
    assert sonnet is not None
    assert least_cost(compiled, facts) == haiku.warm + least_cost(checker, facts)
    assert path_cost(compiled, facts)[0] == haiku.cold + sonnet.cold + path_cost(checker, facts)[0]


def test_inputs_that_nothing_bounds_are_named(sized) -> None:
    """Their cost is a floor, so whoever shows it has to know."""
    text = POLICY.replace("SIGNAL", "{field: output.confidence}")
    assert unmeasured(sized(text)[0]["sort"]) == ()
    assert unmeasured(sized(text.replace(", maxLength: 4000", ""))[0]["sort"]) == ("message",)
