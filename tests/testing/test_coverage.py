"""Coverage of decisions: what was seen is what the step machine told, and only all is 100 %."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.testing.coverage import Coverage, TaskCoverage
from router.testing.runner import Wanted

from .conftest import SURE, UNSURE

FRAUD = "{label: fraud, confidence: 1}"
ALL = f"""
- {{name: sure, replies: {{haiku: {SURE}}}, expect: {{tier: haiku}}}}
- {{name: unsure, replies: {{haiku: {UNSURE}, sonnet: {SURE}}}, expect: {{tier: sonnet}}}}
- {{name: fraud, replies: {{haiku: {FRAUD}, opus: {FRAUD}}}, expect: {{tier: opus}}}}
- name: contract
  inputs: {{plan: enterprise}}
  replies: {{sonnet: {UNSURE}, opus: {SURE}}}
  expect: {{path: [sonnet, opus]}}
- name: haiku is down
  replies: {{haiku: {{error: overloaded}}, sonnet: {{error: overloaded}}, opus: {SURE}}}
  expect: {{tier: opus}}
- name: refused by all
  replies: {{haiku: {{stop: refusal}}, sonnet: {{stop: refusal}}, opus: {{stop: refusal}}}}
  expect: {{error: Exhausted}}
- name: cut
  replies: {{haiku: {{stop: max_tokens}}, sonnet: {SURE}}}
  expect: {{tier: sonnet}}
- name: broken
  replies: {{haiku: {{label: nothing}}, sonnet: {SURE}}}
  expect: {{tier: sonnet}}
"""


def missing(report, task: str) -> list[str]:
    (found,) = [one for one in report.coverage.tasks if one.task == task]
    return [one.words for one in found.uncovered]


def test_cases_that_take_every_decision_cover_the_task(run):
    report = run(ALL, coverage=True, wanted=Wanted(task="sort"))
    assert [one.failures for one in report.cases if one.failures] == []
    assert missing(report, "sort") == []
    assert (report.coverage.covered, report.coverage.total) == (17, 17)
    assert report.exit_code == 0


WITHOUT = {
    "unsure": ["`below: 0.8` of haiku is true"],
    "fraud": ['`when: output.label == "fraud"` of haiku is true'],
    "contract": ['`start: plan == "enterprise"` is true', "`below: 0.5` of sonnet is true"],
    "haiku is down": [
        "haiku cannot answer and another tier is asked",
        "sonnet cannot answer and another tier is asked",
    ],
    "refused by all": ["refusal escalates", "no tier is good enough (`exhausted`)"],
    "cut": ["truncated escalates"],
    "broken": ["invalid_output escalates"],
}


@pytest.mark.parametrize("name", WITHOUT)
def test_a_decision_that_only_one_case_takes_is_missed_without_it(run, name):
    before, _, rest = ALL.partition(f"name: {name}")
    cut = rest.find("\n- ")
    before = before[: before.rfind("- ")]
    report = run(before + rest[cut + 1 :] if cut >= 0 else before, coverage=True)
    assert missing(report, "sort") == WITHOUT[name]


def test_what_is_uncovered_has_its_place_in_the_policy(run):
    cases = f"- {{name: a, replies: {{haiku: {SURE}}}, expect: {{tier: haiku}}}}"
    report = run(cases, coverage=True)
    said = {str(one) for task in report.coverage.tasks for one in task.uncovered}
    written = Path("policies/sort.yaml").read_text().splitlines()
    line = next(n for n, text in enumerate(written, 1) if "output.label" in text)
    words = '`when: output.label == "fraud"` of haiku is true'
    assert f"policies/sort.yaml:{line}:13: sort: uncovered: {words}" in said


def test_tasks_without_any_test_are_uncovered_unless_only_some_are_asked_for(run):
    cases = f"- {{name: a, replies: {{haiku: {SURE}}}, expect: {{tier: haiku}}}}"
    whole = run(cases, coverage=True).coverage
    assert [one.task for one in whole.tasks] == ["checked", "judge", "sort", "summarize"]
    assert [one.covered for one in whole.tasks if one.task == "judge"] == [0]
    some = run(cases, coverage=True, wanted=Wanted("a")).coverage
    assert [one.task for one in some.tasks] == ["sort"]
    paths = [Path("policies/sort.test.yaml")]
    assert [one.task for one in run(cases, paths=paths, coverage=True).coverage.tasks] == ["sort"]


def test_a_verifier_is_covered_by_the_cases_of_the_task_it_verifies(run):
    report = run(
        """
- name: a
  task: checked
  inputs: {text: Hi}
  replies: {haiku: {label: x}, judge/sonnet: {confidence: 0.9}}
  expect: {tier: haiku}
""",
        coverage=True,
    )
    assert missing(report, "judge") == ["no tier is good enough (`exhausted`)"]


def test_a_refusal_is_no_answer(run):
    report = run(
        """
- name: a
  task: summarize
  inputs: {text: Hi}
  replies: {haiku: {stop: refusal}}
  expect: {error: Exhausted}
""",
        coverage=True,
    )
    assert missing(report, "summarize") == ["haiku answers"]


def test_a_tier_that_the_caller_chose_says_nothing_of_the_start_rules(run):
    cases = f"- {{name: a, tier: opus, replies: {{opus: {SURE}}}, expect: {{tier: opus}}}}"
    report = run(cases, coverage=True)
    assert {
        '`start: plan == "enterprise"` is true',
        '`start: plan == "enterprise"` is false',
    } <= set(missing(report, "sort"))


def test_too_little_coverage_fails(run):
    report = run(ALL, min_coverage=100)
    assert report.count("failed") == 0
    assert report.exit_code == 1
    said = "17 of 30 decisions are covered (56 %); at least 100 % are asked for"
    assert report.too_little == said
    assert run(ALL, min_coverage=56).exit_code == 0
    assert run(ALL, min_coverage=57).exit_code == 1


@given(st.integers(1, 10**6), st.integers(0, 10**6), st.integers(0, 100))
def test_a_share_is_never_rounded_up(total, missing, percent):
    missing = min(total, missing)
    coverage = Coverage((TaskCoverage("t", total, (None,) * min(missing, 5)),))
    covered = total - min(missing, 5)
    assert coverage.percent * total <= 100 * covered
    assert (coverage.percent == 100) == (covered == total)
    assert coverage.reaches(percent) == (coverage.percent >= percent)
