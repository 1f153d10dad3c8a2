"""What holds for every test file and every script of replies."""

from __future__ import annotations

import random
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.catalog import load_catalog
from router.emulator import FAULTS, Answer, Fault, parse_item, reply
from router.engine.decisions import decisions_of
from router.policy.nodes import Node, SourceText
from router.policy.sources import MemorySources
from router.rules.judge import judge
from router.testing.driving import Stage
from router.testing.expecting import expectations, mishaps
from router.testing.reading import link_suite, read_draft
from router.testing.requests import request_failures
from router.testing.suite import Case, ScriptedTier
from router.types import Span

from .conftest import POLICY, SURE

TODAY = date(2026, 11, 22)
NOW = 1_795_348_800.0
TASKS = judge(MemorySources({"a.yaml": POLICY}), load_catalog(), today=TODAY).policy_set.tasks
SUITE = f"""version: 1
task: sort
now: 2026-11-22T12:00:00Z
fixtures: _more.yaml
values: {{sure: {SURE}, hi: [1, {{a: null}}]}}
defaults: {{inputs: {{message: Hi}}, replies: {{opus: $sure}}, tags: {{a: b}}}}
cases:
  - name: at {{c}}
    each: [{{c: 0.5, t: [haiku, sonnet]}}, {{c: 0.9, t: [haiku]}}]
    replies: {{haiku: [{{error: overloaded, times: 2}}, {{label: other, confidence: $c}}]}}
    expect:
      path: $t
      attempts: {{haiku: "<= 3"}}
      left: [{{tier: haiku, reason: below}}]
      output: {{label: billing}}
      usd: "< 1"
      tokens: {{prompt: "> 1"}}
      waited: "> 0s"
      request: {{turns: 1, contains: {{user: [Hi]}}, untrusted: [user/message], cache: {{}}}}
  - {{name: later, skip: not yet}}
  - {{name: fails, inputs: {{message: 3}}, expect: {{error: {{kind: InputInvalid, message: x}}}}}}
snapshots: [request]
"""
PIECES = [*"{}[]:,-#&*!|>'\"%@`$ \n\t", "null", "~", "1e999", "<<", "$sure", "\x00", "\ud7ff", "  "]


@pytest.fixture(scope="module")
def stage():
    with Stage(TASKS, load_catalog()) as stage:
        yield stage


def mutated(seed: int) -> str:
    """The suite with a few pieces cut out, put in, or written twice."""
    chance = random.Random(seed)
    text = SUITE
    for _ in range(chance.randint(1, 4)):
        start = chance.randrange(len(text))
        end = min(len(text), start + chance.choice((0, 1, 1, 3, 12, 60)))
        middle = chance.choice(("", text[start:end] * 2, chance.choice(PIECES)))
        text = text[:start] + middle + text[end:]
    return text


@settings(max_examples=400, deadline=None)
@given(st.integers(0, 2**32))
def test_any_text_is_read_or_refused_with_a_place_and_never_a_traceback(stage, seed):
    """Mangled files give findings in the file or its fixtures, or cases that run and are judged."""
    files = {"a.test.yaml": mutated(seed), "_more.yaml": "version: 1\nvalues: {more: 1}\n"}
    draft = read_draft("a.test.yaml", MemorySources(files))
    findings = draft.findings
    if draft.node is not None:
        suite, more = link_suite(draft, TASKS, NOW)
        findings = (*findings, *more)
        for case in suite.cases if not more else ():
            outcome = stage.run(case)
            list(mishaps(case, outcome))
            list(expectations(case, outcome))
            list(request_failures(case, outcome, TASKS, stage.catalog))
    for one in findings:
        assert one.span.file in files
        assert one.span.line >= 1
        assert one.message.isprintable()


ITEMS = st.one_of(
    st.floats(0, 1).map(lambda c: reply(output={"label": "other", "confidence": c})),
    st.just(reply(output={"label": "fraud", "confidence": 1})),
    st.just(reply(output={"label": "nothing"})),
    st.sampled_from(["refusal", "max_tokens", "pause_turn"]).map(
        lambda stop: parse_item({"stop": stop})[0]
    ),
    st.sampled_from(sorted(FAULTS)).map(lambda name: parse_item({"error": name})[0]),
)
NODE = Node({}, SourceText("a.test.yaml", ""), (0, 0, 0, 0), None, {})


@settings(max_examples=300, deadline=None)
@given(
    st.fixed_dictionaries({t: st.lists(ITEMS, min_size=1, max_size=4) for t in ("haiku", "opus")}),
    st.lists(ITEMS, min_size=1, max_size=4),
    st.sampled_from(["free", "enterprise"]),
)
def test_what_the_ladder_tells_is_among_what_there_is_to_decide(stage, replies, sonnet, plan):
    """Else coverage could never be whole, or be more than whole."""
    scripts = {**replies, "sonnet": sonnet}
    case = Case(
        "a.test.yaml",
        "a",
        NODE,
        "sort",
        NOW,
        inputs={"message": "Hi", "plan": plan},
        replies=tuple(
            ScriptedTier("sort", tier, tuple(items), len(items) == 1, NODE, own=True)
            for tier, items in scripts.items()
        ),
    )
    first, second = stage.run(case), stage.run(case)
    assert first.decisions <= set(decisions_of(TASKS["sort"]))
    assert (first.attempts, first.decisions) == (second.attempts, second.decisions)
    assert first.latency == second.latency


def test_every_decision_has_a_place():
    for task in TASKS.values():
        assert all(isinstance(span, Span) for span in decisions_of(task).values())


def test_every_fault_can_be_scripted():
    for name in FAULTS:
        assert isinstance(parse_item({"error": name})[0], Answer | Fault)
