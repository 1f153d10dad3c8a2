"""The judgement: whole, in order, and the same with a cache as without."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.catalog import load_catalog
from router.policy.sources import MemorySources
from router.rules.judge import JudgeCache, judge
from router.types import Severity

TODAY = date(2026, 11, 22)
TASK = """version: 1
extends: _base.yaml
tasks:
  {name}:
    extends: _task
    tiers: [{{model: haiku, max_tokens: 4096}}]
    prompt:
      user: [{{file: {name}.j2}}]
"""
PARENT = """version: 1
models: {haiku: claude-haiku-5-5}
tasks:
  _task:
    input:
      type: object
      required: [message]
      properties:
        message: {type: string, maxLength: 100}
"""


def root(count: int = 3) -> dict[str, str]:
    files = {"_base.yaml": PARENT}
    for number in range(count):
        name = f"task_{number}"
        files[f"{name}.yaml"] = TASK.format(name=name)
        files[f"{name}.j2"] = 'Sort: {{ message | tag("message") }}\n'
    return files


def judged(files, cache=None, today=TODAY):
    return judge(MemorySources(files), load_catalog(), today=today, cache=cache)


def test_a_root_without_findings_gives_a_set_and_every_file_it_came_from():
    files = root()
    judgement = judged(files)
    assert judgement.findings == ()
    assert judgement.policy_set is not None
    assert set(judgement.policy_set.tasks) == {"task_0", "task_1", "task_2"}
    assert set(judgement.files) == set(files)


def test_a_root_without_policies_gives_no_set_and_no_finding():
    judgement = judged({"_base.yaml": PARENT})
    assert judgement.policy_set is None
    assert judgement.findings == ()


def test_what_several_tasks_take_from_one_parent_is_said_once():
    files = root()
    files["_base.yaml"] = PARENT.replace("claude-haiku-5-5", "claude-haiku-4-5")
    rules = [(one.rule, str(one.span)) for one in judged(files).findings]
    assert rules == [("alias-model", "_base.yaml:2:17")]


def test_findings_are_sorted_by_place_and_rule():
    files = root()
    files["task_0.j2"] = "{{ message }}\n{{ message }}"
    files["task_2.yaml"] = files["task_2.yaml"].replace("4096", "200000")
    files["a.yaml"] = "version: 1\ntasks: {x: {}}\n"
    findings = judged(files).findings
    assert len(findings) >= 3
    assert list(findings) == sorted(findings, key=lambda one: (one.span, one.rule, one.message))
    assert len(set(findings)) == len(findings)


def test_one_error_anywhere_and_there_is_no_set():
    files = root()
    files["task_1.j2"] = "{{ message }}"
    judgement = judged(files)
    assert [one.rule for one in judgement.findings] == ["untagged-untrusted"]
    assert judgement.policy_set is None


def test_warnings_are_kept_with_the_set():
    files = root()
    files["task_1.yaml"] = files["task_1.yaml"].replace("4096", "100")
    judgement = judged(files)
    assert judgement.policy_set is not None
    assert [one.rule for one in judgement.policy_set.findings] == ["ceiling-under-thinking"]


def test_the_day_decides_what_a_lifecycle_means():
    files = root()
    files["_base.yaml"] = PARENT.replace("claude-haiku-5-5", "claude-sonnet-4-5-20250929")
    retires = date(2026, 11, 30)
    cache = JudgeCache()
    said = {}
    for days in (70, 30, 5, -1):
        findings = judged(files, cache, retires - timedelta(days=days)).findings
        said[days] = [(one.rule, one.severity) for one in findings if "model" in one.rule]
    assert said[70] == []
    assert said[30] == [("retiring-model", Severity.WARNING)]
    assert said[5] == [("retiring-model", Severity.ERROR)]
    assert said[-1] == [("retired-model", Severity.ERROR)]


EDITS = {
    "comment": lambda files: files | {"task_1.yaml": "# moved\n" + files["task_1.yaml"]},
    "template": lambda files: files | {"task_1.j2": "\n{{ message }}"},
    "parent": lambda files: files | {"_base.yaml": PARENT.replace("100", "200")},
    "alias": lambda files: files | {"_base.yaml": PARENT.replace("haiku-5-5", "haiku-4-5")},
    "secret": lambda files: files | {"task_2.j2": "AKIAZ3MQ8VN1XT7RB5PL"},
    "small": lambda files: (
        files
        | {"task_0.yaml": files["task_0.yaml"].replace("4096", "64").replace("haiku", "haiku")}
    ),
    "gone": lambda files: {name: text for name, text in files.items() if name != "task_2.j2"},
    "broken": lambda files: files | {"task_0.yaml": "version: ["},
}


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(sorted(EDITS)), min_size=1, max_size=5))
def test_a_cache_never_changes_a_judgement(edits):
    """Whatever is edited in whatever order, a kept cache says what a fresh reading says."""
    cache, files = JudgeCache(), root()
    judged(files, cache)
    for edit in edits:
        files = EDITS[edit](files)
        kept, fresh = judged(files, cache), judged(files)
        assert kept.findings == fresh.findings
        assert kept.files == fresh.files
        assert (kept.policy_set is None) == (fresh.policy_set is None)
        if kept.policy_set is not None and fresh.policy_set is not None:
            assert kept.policy_set.revision == fresh.policy_set.revision


def test_a_second_judgement_of_the_same_files_works_on_nothing_again():
    files, cache = root(), JudgeCache()
    first = judged(files, cache)
    second = judged(files | {"task_1.yaml": "# x\n" + files["task_1.yaml"]}, cache)
    assert first.policy_set is not None
    assert second.policy_set is not None
    for name in ("task_0", "task_2"):
        assert second.policy_set.tasks[name] is first.policy_set.tasks[name]


def test_a_served_task_keeps_nothing_of_what_rules_have_worked_out():
    files = root()
    files["task_0.yaml"] += "    budget: {run: {usd: 1}}\n"
    judgement = judged(files)
    assert judgement.policy_set is not None
    assert all(task.memo == {} for task in judgement.policy_set.tasks.values())


@pytest.mark.parametrize("secret", ["sk-ant-api03-Zk3mQ8vN1xT7rB5pL2wY", "AKIAZ3MQ8VN1XT7RB5PL"])
def test_a_finding_never_repeats_a_secret(secret):
    files = root()
    files["task_1.j2"] = f'{{{{ message | tag("m") }}}} {secret}\n'
    findings = judged(files).findings
    assert [one.rule for one in findings] == ["secret-in-policy"]
    assert secret not in repr(findings)
    assert findings[0].source_line == '{{ message | tag("m") }} ' + "*" * len(secret)


PIECES = st.sampled_from(
    [
        *("tiers: [{model: haiku, max_tokens: 9}]", "tiers: []", "trusted: [message, x]"),
        *("escalate_on: []", "fallback: []", "fallback: [haiku]", "exhausted: error"),
        *("budget: {run: {usd: 0.01}}", "budget: {run: {deadline: 1s}}", "retry: {retries: 9}"),
        *("output: {type: string}", "output: {}", "output: {$ref: '#'}", "output: {enum: [1]}"),
        *("input: {type: object, properties: {message: true}}", "input: {type: object}"),
        *("prompt: {user: '{{ message }}'}", "prompt: {messages: message}", "prompt: {user: x}"),
        *("prompt: {system: '{{ message }}', user: [{text: a, cache: 1h}]}", "tools: []"),
        *("start: [{when: '1', tier: haiku}]", "confidence: {field: output.a}", "tool_choice: any"),
        *("prompt: {user: [{document: {input: message}, cache: 5m}, {image: {input: message}}]}",),
        *("tiers: [{model: haiku, max_tokens: 9, escalate: [{below: 0}, {when: 'x < 2'}]}]",),
        *("tiers: [{model: 'local:m', max_tokens: 9}, {model: haiku, max_tokens: 200000}]",),
        *("output: {type: object, properties: {a: {type: [number, 'null'], minimum: 0}}}",),
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES, min_size=1, max_size=8, unique_by=lambda piece: piece.split(":")[0]))
def test_rules_stand_whatever_links(pieces):
    """Any mixture of parts of a policy is judged without a crash, and findings have places."""
    text = PARENT.replace("_task:", "odd:") + "".join(
        f"    {piece}\n" for piece in pieces if not piece.startswith("input")
    )
    for piece in pieces:
        if piece.startswith("input"):
            text = (
                text[: text.index("    input:")]
                + f"    {piece}\n"
                + "".join(f"    {other}\n" for other in pieces if other is not piece)
            )
    for finding in judged({"odd.yaml": text}).findings:
        assert finding.span.line >= 1
        assert finding.span.file == "odd.yaml"
