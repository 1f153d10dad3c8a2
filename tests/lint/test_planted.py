"""A policy set with mistakes of many rules: each is found where it was planted, in every form.

`«rule text»` plants a mistake: the text stays in the policy, and a finding of the rule belongs
there; `«rule, rule text»` plants two in one place.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import date
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from router.lint.report import FINDINGS
from router.lint.reporters import Form, render
from router.lint.runner import lint_paths
from router.rules.registry import all_rules

TODAY = date(2026, 11, 28)
SET = {
    "triage.yaml": """\
version: 1
models:
  haiku: claude-haiku-5-5
  old: «superseded-model claude-opus-5»
  alias: «alias-model claude-haiku-4-5»
  opus: claude-opus-5-5
  spare: «unused-model claude-sonnet-5-5»
tasks:
  «unused-parent _base»: {owner: platform}
  «missing-description, missing-owner triage»:
    «open-input input»:
      type: object
      required: [message, «undeclared-required mesage»]
      properties:
        message: {type: string, maxLength: 4000}
        «unbounded-input note»: {type: string}
        plan: {enum: [free, paid], default: free}
        tone: {enum: [plain, warm]}
        «reserved-input, unused-input tier»: {enum: [one, two]}
    trusted: [plan, tone]
    «open-object, unsupported-schema-keyword output»:
      type: object
      required: [label, confidence, «undeclared-required lable»]
      properties:
        «confidence-before-answer confidence»: {type: number}
        label: {enum: [billing, Fraud, «enum-case-collision fraud»]}
        «reasoning-field reasoning»: {type: string}
    prompt:
      system:
        - {text: You sort mail., «cache-below-minimum cache»: 5m}
        - {file: role.md.j2}
        - {text: More., «ttl-order cache»: 1h}
        - «empty-block {text: '{# to be written #}'}»
        - {text: "Note: {{ «optional-without-default, untrusted-in-system note» }}"}
      user: |
        Plan {{ plan }}, tone {{ «optional-without-default tone» }}, or «literal-placeholder {plan}»
        {{ «untagged-untrusted message» }}
    start:
      - {when: plan == «type-mismatch "gold"», tier: opus}
    tiers:
      - model: alias
        max_tokens: 4096
        escalate:
          - {below: 0.6}
          - {below: «shadowed-rule 0.5», to: opus}
      - model: «unsorted-ladder haiku»
        max_tokens: «ceiling-under-thinking, shrinking-ceiling 512»
        escalate: [{when: «constant-condition 1 == 1», to: opus}]
      - model: opus
        max_tokens: 4096
        effort: medium
        thinking: «refused-parameter disabled»
        escalate: [{below: 0.7}]
      - model: old
        max_tokens: «ceiling-over-model-max 999999»
        «no-exit escalate»: [{below: «threshold-order 0.9»}]
    escalate_on: «silent-failure [truncated]»
    confidence: {field: output.confidence}
    stream: «eager-escalation eager»
    «retry-exceeds-deadline retry»: {retries: 9, «retry-cap-below-base base»: 40s, cap: 20s}
    budget: {run: {usd: «path-over-budget 0.0001», deadline: 30s}}
""",
    "role.md.j2": """\
Written for {{ «cache-buster plan» }}.«invisible-character \u202e»
api_key = "«secret-in-policy q9Xw2Lr7Vb4Tn8Kp1Zs6Yd3M»"
""",
    # A task that does not link is not judged any further: each of these has a mistake of its own.
    "broken.yaml": """\
version: 1
tasks:
  _task:
    description: Puts an order into a queue.
    owner: platform
    input: {type: object, required: [mail], properties: {mail: {type: string, maxLength: 99}}}
    prompt: {user: '{{ mail | tag("mail") }}'}
    tiers: [{model: claude-opus-5-5, max_tokens: 4096}]
    budget: {run: {usd: 1, deadline: 60s}}
  one: {extends: _task, output: {type: «bad-schema sting»}}
  two: {extends: _task, prompt: {user: '{{ «undefined-variable mial» | tag("mail") }}'}}
  three: {extends: _task, tiers: [{model: «unknown-model claude-opus-55», max_tokens: 4096}]}
  four: {extends: _task, fallback: [«unknown-tier haiku»]}
  five: {extends: _task, tool_choice: «bad-tool any»}
  six: {extends: _task, «redundant-override owner»: platform}
  seven: {extends: _task, owner: «yaml11-ambiguous no»}
""",
}
MARK = re.compile(r"«((?:[a-z0-9-]+, )*[a-z0-9-]+) ([^»]*)»")
Place = tuple[str, str, int, int]
"""Rule, file, line, column."""


def planted() -> Counter[Place]:
    found: Counter[Place] = Counter()
    for file, text in SET.items():
        for number, line in enumerate(text.splitlines(), 1):
            removed = 0
            for mark in MARK.finditer(line):
                column = mark.start() - removed + 1
                found.update((rule, file, number, column) for rule in mark[1].split(", "))
                removed += len(mark[0]) - len(mark[2])
    return found


PLANTED = planted()


@pytest.fixture
def report(tmp_path: Path):
    root = tmp_path / "policies"
    root.mkdir()
    for file, text in SET.items():
        (root / file).write_text(MARK.sub(r"\2", text), encoding="utf-8")
    return lint_paths([root], root=root, today=TODAY)


def test_there_are_mistakes_of_many_rules_of_every_severity():
    rules = {rule for rule, *_ in PLANTED}
    severities = {all_rules()[rule].severity for rule in rules}
    assert len(rules) >= 40
    assert severities == {"error", "warning", "info"}


@pytest.mark.parametrize("form", list(Form))
def test_every_planted_mistake_is_found_in_its_place_and_nothing_else(form, report):
    assert report.exit_code() == FINDINGS
    expected = PLANTED
    if form == Form.TEXT:  # which only counts infos
        infos = {one.rule for one in report.findings if one.severity == "info"}
        expected = Counter(place for place in PLANTED.elements() if place[0] not in infos)
    found = Counter(
        (rule, Path(file).name, line, column) for rule, file, line, column in READERS[form](report)
    )
    assert found - expected == Counter(), "invented, or twice"
    assert expected - found == Counter(), "not found"


# --- a reader for every form ---------------------------------------------------------------------


def lines(report, form):
    pattern = r"^(\S.*?):(\d+):(\d+): (?:error|warning|info)\[([a-z0-9-]+)\]"
    for file, line, column, rule in re.findall(pattern, render(report, form), re.MULTILINE):
        yield rule, file, int(line), int(column)


def from_json(report):
    for one in json.loads(render(report, Form.JSON))["findings"]:
        yield one["rule"], one["file"], one["line"], one["column"]


def from_github(report):
    pattern = r"^::\w+ file=([^,]*),line=(\d+),.*?col=(\d+),.*?title=router lint%3A ([a-z0-9-]+)::"
    for file, line, column, rule in re.findall(pattern, render(report, Form.GITHUB), re.MULTILINE):
        yield rule, file, int(line), int(column)


def from_gitlab(report):
    for one in json.loads(render(report, Form.GITLAB)):
        begin = one["location"]["positions"]["begin"]
        yield one["check_name"], one["location"]["path"], begin["line"], begin["column"]


def from_sarif(report):
    (run,) = json.loads(render(report, Form.SARIF))["runs"]
    for one in run["results"]:
        place = one["locations"][0]["physicalLocation"]
        region = place["region"]
        uri = place["artifactLocation"]["uri"]
        yield one["ruleId"], uri, region["startLine"], region["startColumn"]


def from_junit(report):
    for case in ET.fromstring(render(report, Form.JUNIT)).iter("testcase"):
        rule, line, column = re.fullmatch(r"(\S+) at (\d+):(\d+)", case.attrib["name"]).groups()
        yield rule, case.attrib["classname"], int(line), int(column)


READERS = {
    Form.TEXT: lambda report: lines(report, Form.TEXT),
    Form.CONCISE: lambda report: lines(report, Form.CONCISE),
    Form.JSON: from_json,
    Form.GITHUB: from_github,
    Form.GITLAB: from_gitlab,
    Form.SARIF: from_sarif,
    Form.JUNIT: from_junit,
}
