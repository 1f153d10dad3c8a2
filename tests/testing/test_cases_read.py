"""Files of policy tests: what cannot be meant is an error at its place, never ignored."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from router.policy.shape_compiler import compile_schema
from router.resources import shipped
from router.testing.runner import run_tests

from .conftest import SURE

SCHEMA = json.loads((shipped("schemas") / "policytest.schema.json").read_bytes())

HOLDS = f"replies: {{haiku: {SURE}}}, expect: {{tier: haiku}}"
RAW = "{label: other, confidence: 1}"

# What is wrong, with «…» where it is said; the rule; a part of the message or the help.
WRONG = {
    f"- {{name: a, «expct»: {{tier: haiku}}, {HOLDS}}}": ("unknown-key", "unknown key `expct`"),
    "- {name: a, replies: {}, expect: {«pth»: [haiku]}}": ("unknown-key", "did you mean `path`?"),
    "- {name: a, expect: {request: {«contain»: x}}}": ("unknown-key", "did you mean `contains`?"),
    "- «{name: a}»": ("missing-key", "needs `expect`"),
    "- {name: a, «expect»: {}}": ("bad-case", "the case expects nothing"),
    "- {name: a, expect: {attempts: «'>=x'»}}": ("bad-value", "a comparison such as"),
    "- {name: a, expect: {waited: «5x»}}": ("bad-value", "a duration such as 2s"),
    "- {name: a, expect: {path: «haiku»}}": ("bad-value", "a list of tiers"),
    "- {name: a, expect: {accepted: «'yes'»}}": ("bad-value", "true or false"),
    "- {name: a, expect: {path: [«haiko»]}}": ("unknown-tier", "did you mean `haiku`?"),
    "- {name: a, expect: {attempts: {«judge/opus»: 1}}}": ("unknown-tier", "known here: sonnet"),
    "- {name: a, expect: {attempts: {«judg/opus»: 1}}}": ("unknown-tier", "did you mean `judge`?"),
    "- {name: a, expect: {left: [{to: «opuss»}]}}": ("unknown-tier", "did you mean `opus`?"),
    "- {name: a, expect: {request: {tier: «o», turns: 1}}}": ("unknown-tier", "known here"),
    "- {name: a, tier: «x», expect: {start: haiku}}": ("unknown-tier", "known here: haiku"),
    f"- {{name: a, replies: {{«sonet»: {RAW}}}, expect: {{path: []}}}}": (
        "unknown-tier",
        "did you mean `sonnet`?",
    ),
    "- {name: a, expect: {error: «Exhaustd»}}": ("bad-case", "did you mean `Exhausted`?"),
    "- {name: a, expect: {error: Exhausted, «tier»: haiku}}": ("conflicting-keys", "no answer"),
    "- {name: a, expect: {output: {}, «exactly»: {}}}": ("conflicting-keys", "keep one"),
    "- {name: a, replies: {haiku: {error: «overlaoded»}}, expect: {tier: haiku}}": (
        "bad-case",
        "did you mean `overloaded`?",
    ),
    "- {name: a, replies: {haiku: {error: overloaded, «time»: 2}}, expect: {tier: haiku}}": (
        "bad-case",
        "did you mean `times`?",
    ),
    "- {name: a, replies: {haiku: «{stop: max_token}»}, expect: {tier: haiku}}": (
        "bad-case",
        "did you mean `max_tokens`?",
    ),
    "- {name: a, replies: {haiku: «{stop: refusl}»}, expect: {tier: haiku}}": (
        "bad-case",
        "unknown stop 'refusl'",
    ),
    "- {name: a, replies: {haiku: «{text: x, latency: soon}»}, expect: {tier: haiku}}": (
        "bad-case",
        "expected a duration",
    ),
    "- {name: a, replies: {haiku: «[]»}, expect: {tier: haiku}}": ("bad-case", "no replies"),
    "- {name: a, task: «srt», expect: {attempts: 1}}": ("bad-case", "did you mean `sort`?"),
    f"- {{name: a, {HOLDS}}}\n- {{name: «a», {HOLDS}}}": ("bad-case", "rename one of them"),
    f"- {{name: a b, {HOLDS}}}\n- {{name: «'a  b '», {HOLDS}}}": ("bad-case", "rename one of them"),
    f"- {{name: «a», each: [{{c: 1}}, {{c: 2}}], tier: $c, {HOLDS}}}": (
        "bad-case",
        "put a column of the table into the name",
    ),
    f"- {{name: «'a {{d}}'», each: [{{c: 1}}], tier: $c, {HOLDS}}}": ("bad-case", "here: `c`"),
    "- {name: a, inputs: {message: «$sur»}, expect: {path: []}}": ("bad-case", "mean `sure`?"),
    f"- {{name: 'a {{c}}', each: [{{c: 1, «d»: 2}}], {HOLDS}}}": ("bad-case", "`d` is not used"),
    f"- {{name: 'a {{sure}}', each: [{{«sure»: 1}}], {HOLDS}}}": ("bad-case", "rename the column"),
    f"- {{name: a, each: «[]», {HOLDS}}}": ("bad-value", "at least one element"),
    "- {name: a, skip: «''»}": ("bad-value", "text that is not empty"),
    f"- {{name: a, deadline: «0s», {HOLDS}}}": ("bad-value", "more than zero"),
    "- {name: a, replies: {haiku: «{text: x, times: 1000000000}»}, expect: {tier: haiku}}": (
        "bad-case",
        "at most 10000",
    ),
    "- {name: a, replies: {haiku: «{text: x, usage: {input_tokens: -1}}»}, expect: {usd: 1}}": (
        "bad-case",
        "counts from 0",
    ),
    "- {name: a, inputs: {message: a, «message»: b}, expect: {path: []}}": (
        "duplicate-key",
        "second time",
    ),
}  # fmt: skip
HEAD = "task: sort\nvalues: {sure: 1}\ndefaults: {inputs: {message: Hi}}"


@pytest.mark.parametrize("cases", WRONG)
def test_what_cannot_be_meant_is_refused_at_its_place(run, root, cases):
    rule, words = WRONG[cases]
    report = run(cases.replace("«", "").replace("»", ""), HEAD)
    mine = [one for one in report.findings if one.rule == rule]
    assert mine, report.findings or report.cases
    found = mine[0]
    assert words in f"{found.message} {found.help}"
    written = (root / "policies" / "sort.test.yaml").read_text().splitlines()
    line = found.span.line
    offset = len(written) - len(cases.splitlines())
    row = cases.splitlines()[line - 1 - offset]
    start = row.index("«")
    assert found.span.file == "policies/sort.test.yaml"
    assert (found.span.column - 1, report.exit_code) == (start, 2)


@pytest.mark.parametrize(
    "expect",
    [
        *("«output»: {}", "«text»: []", "«text»: ''", "«text»: [x, '']", "«tokens»: {}"),
        *("«tags»: {}", "«attempts»: {}", "«error»: {}", "«request»: {}"),
        *("request: {«contains»: []}", "request: {«absent»: ''}"),
        *("request: {contains: {«user»: ''}}", "request: {absent: {system: x, «user»: []}}"),
    ],
)
def test_an_expectation_that_every_run_would_meet_is_refused(run, root, expect):
    plain = expect.replace("«", "").replace("»", "")
    report = run(f"- {{name: a, expect: {{start: haiku, {plain}}}}}", HEAD)
    (found,) = report.findings
    assert found.rule == "bad-case"
    assert "says nothing" in found.message
    line = (root / "policies" / "sort.test.yaml").read_text().splitlines()[found.span.line - 1]
    assert found.span.column - 1 == line.index(plain) + expect.index("«")


@pytest.mark.parametrize("expect", ["output: []", "exactly: {}", "left: []", "path: []"])
def test_that_there_is_nothing_can_be_expected(run, expect):
    report = run(f"- {{name: a, replies: {{haiku: {SURE}}}, expect: {{{expect}}}}}", HEAD)
    assert report.findings == ()


FILES = {
    "version: 2\nwhatever: 1\n": ("unknown-version", "reads version 1"),
    "task: sort\ncases: [{name: a, expect: {path: []}}]\n": ("missing-key", "needs `version`"),
    "version: 1\n": ("missing-key", "`cases`"),
    "version: 1\ncases: []\n": ("bad-value", "at least one element"),
    "version: 1\ncases: [{name: a, expect: {path: []}}]\n": ("bad-case", "no task"),
    "version: 1\nnow: noon\ncases: [{name: a, skip: x}]\n": ("bad-value", "instant in UTC"),
    "version: 1\nnow: 2026-02-30\ntask: sort\ncases: [{name: a, skip: x}]\n": (
        "bad-value",
        "there is no `2026-02-30`",
    ),
    "version: 1\nfixtures: _none.yaml\ncases: [{name: a, skip: x}]\n": ("missing-file", "no such"),
    "version: 1\nfixtures: ../x.yaml\ncases: [{name: a, skip: x}]\n": ("path-escape", "root"),
    "version: 1\nvalues: {a: 1, b: $a}\ncases: [{name: a, skip: x}]\n": ("bad-case", "`a` here"),
    "version: 1\nvalues: {a b: 1}\ncases: [{name: a, skip: x}]\n": ("bad-name", "`a b`"),
    "version: 1\nrepeated: {a: {text: x, times: 0}}\ncases: [{name: a, skip: x}]\n": (
        "bad-value",
        "at least 1",
    ),
    "version: 1\nrepeated: {a: {text: x}}\ncases: [{name: a, skip: x}]\n": (
        "missing-key",
        "needs `times`",
    ),
    "version: 1\nsnapshots: [requests]\ncases: [{name: a, skip: x}]\n": ("bad-value", "request"),
    "version: [\n": ("yaml-syntax", ""),
    "": ("empty-file", "holds nothing"),
}


@pytest.mark.parametrize("text", FILES)
def test_a_file_that_is_no_file_of_tests_is_refused(root, text):
    (root / "policies" / "a.test.yaml").write_text(text)
    rule, words = FILES[text]
    report = run_tests()
    assert report.exit_code == 2
    assert any(
        one.rule == rule and words in f"{one.message} {one.help}" for one in report.findings
    ), report.findings


def test_one_bad_file_keeps_all_from_being_run(run, root):
    """As with policies: a suite that is half read would be believed."""
    (root / "policies" / "a.test.yaml").write_text("version: 1\ncases: []\n")
    report = run(f"- {{name: a, {HOLDS}}}")
    assert report.cases == ()
    assert report.exit_code == 2


def test_values_and_fixtures_stand_for_what_they_name(run, root):
    (root / "policies" / "_fixtures.yaml").write_text(
        f"version: 1\nvalues:\n  sure: {SURE}\n  hi: {{message: Hi}}\n"
    )
    report = run(
        """
- {name: a, inputs: $hi, replies: {haiku: $sure}, expect: {path: $ladder}}
- {name: b, inputs: {message: $$hi}, replies: {haiku: [$sure]}, expect: {request: {contains: $$hi}}}
- name: c {n}
  each: [{n: 1, answer: $sure}]
  inputs: $hi
  replies: {haiku: $answer}
  expect: {output: $answer, attempts: $n}
""",
        "task: sort\nfixtures: _fixtures.yaml\nvalues: {ladder: [haiku]}",
    )
    assert report.findings == ()
    assert [one.failures for one in report.cases] == [(), (), ()]


def test_a_long_text_is_written_as_a_short_one_so_many_times_over(run):
    report = run(
        f"- {{name: a, inputs: {{message: $long}}, replies: {{haiku: {SURE}}},"
        f" expect: {{request: {{contains: {{user: {'Hi! ' * 3!r}}}}}}}}}",
        "task: sort\nrepeated: {long: {text: 'Hi! ', times: 40}}",
    )
    assert report.findings == ()
    assert [one.failures for one in report.cases] == [()]


def test_a_failing_row_is_shown_as_that_row(run):
    report = run(f"""
- name: at {{c}}
  each:
    - {{c: 0.9, tier: haiku}}
    - {{c: 1, tier: sonnet}}
  replies: {{haiku: {{label: other, confidence: $c}}, sonnet: {SURE}}}
  expect: {{tier: $tier}}
""")
    (failure,) = [one for one in report.cases[1].failures if one.what == "tier"]
    assert (failure.span.line, failure.span.column) == (9, 20)


def test_the_schema_is_one_that_editors_and_we_read_alike():
    """What editors accept is what is accepted here; placeholders may stand for any value."""
    Draft202012Validator.check_schema(SCHEMA)
    compile_schema(SCHEMA)
    editor = Draft202012Validator(SCHEMA)
    text = """
version: 1
task: sort
now: "2026-11-22T12:00:00Z"
cases:
  - name: at {c}
    each: [{c: 0.9, path: [haiku], n: 1}]
    inputs: $hi
    replies: {haiku: {label: other, confidence: $c}}
    expect: {path: $path, attempts: $n, confidence: $c, usd: $c, waited: $c, left: $path}
  - {name: later, skip: not yet}
"""
    assert list(editor.iter_errors(yaml.safe_load(text))) == []
    for wrong in ("{version: 1}", "{version: 1, cases: [{name: a}]}", "{version: 2, cases: []}"):
        assert not editor.is_valid(yaml.safe_load(wrong))


def test_every_key_of_the_schema_has_a_hover_text():
    def walk(node: object) -> None:
        if isinstance(node, dict):
            for name, value in node.get("properties", {}).items():
                full = {**SCHEMA["$defs"].get(str(value.get("$ref", "")).rpartition("/")[2], {})}
                assert {**full, **value}.get("description"), name
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(SCHEMA)


def test_the_page_names_every_key():
    page = (Path(__file__).parents[2] / "docs" / "policy-tests.md").read_text(encoding="utf-8")
    definitions = SCHEMA["$defs"]
    keys = {*SCHEMA["properties"], *definitions["case"]["properties"]}
    keys |= {*definitions["expect"]["properties"], *definitions["request"]["properties"]}
    assert {key for key in keys if f"`{key}" not in page} <= {"version", "cases"}


MANGLED = {
    "- - name: a\n": "wrong-type",
    "-\n  each: [{c: 1}]\n  tier: $c\n  expect: {tier: haiku}\n": "missing-key",
    "- null\n": "wrong-type",
}


@pytest.mark.parametrize("cases", MANGLED)
def test_a_case_that_is_none_is_refused(run, cases):
    """Found by mangling files."""
    report = run(cases)
    assert MANGLED[cases] in {one.rule for one in report.findings}
    assert report.exit_code == 2
