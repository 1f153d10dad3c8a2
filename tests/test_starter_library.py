"""The starter library and the examples' data: what a newcomer copies is right as it stands."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from router import Router
from router.emulator import Answer, Emulator, MessageRequest, Script, by_tag, reply
from router.lint.config import LintConfig
from router.lint.report import CLEAN
from router.lint.reporters import render
from router.lint.runner import lint_paths
from router.reloading.sources import DirectorySources
from router.resources import shipped
from router.settings import Settings
from router.testing.runner import run_tests
from router.types import Severity

LIBRARY = shipped("policies")
EXAMPLES = Path(__file__).parent.parent / "examples"
ROOTS = [LIBRARY, *sorted(EXAMPLES.glob("*/policies"))]
TASKS = sorted(Path(name).stem for name in DirectorySources(LIBRARY).policy_files())
SHOWN_ANSWER = re.compile(r"<(answer|result)>(\{.*?\})</\1>\n</example>", re.DOTALL)


def lines(path: Path) -> Iterator[dict[str, Any]]:
    return (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())


def output_schema(policy: Path, task: str) -> dict[str, Any] | None:
    written = yaml.safe_load(policy.read_text(encoding="utf-8"))
    schema: dict[str, Any] | None = written["tasks"][task].get("output")
    return schema


class Recorded:
    """Replies found by the text inside one element of the request."""

    def __init__(self, element: str, replies: dict[str, dict[str, Any]]) -> None:
        self._text_of = by_tag(element)
        self._replies = replies

    def reply_to(self, request: MessageRequest) -> Answer | None:
        replies = self._replies[(self._text_of(request) or "").replace("&lt;", "<")]
        return reply(replies[request.tier or ""])


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Router]:
    ledger = tmp_path_factory.mktemp("library") / "ledger.db"
    with Router(LIBRARY, ledger=ledger, offline=True, settings=Settings.from_environment({})) as r:
        yield r


def test_there_are_the_tasks_a_team_would_copy() -> None:
    """Eleven tasks, each in the README's table."""
    table = (LIBRARY / "README.md").read_text(encoding="utf-8")
    assert len(TASKS) == 11
    assert [task for task in TASKS if f"| `{task}` |" not in table] == []


@pytest.mark.parametrize("task", TASKS)
def test_the_example_inputs_run(library: Router, task: str) -> None:
    """Three to five inputs for each task; each passes the schema, renders and gets an answer."""
    inputs = list(lines(LIBRARY / "inputs" / f"{task}.jsonl"))
    assert 3 <= len(inputs) <= 5
    for given in inputs:
        assert library.run(task, given).emulated


@pytest.mark.parametrize("task", TASKS)
def test_what_claims_to_be_cached_is_cached_on_every_tier(library: Router, task: str) -> None:
    """Each task caches, and each prefix is far above the model's minimum."""
    for given in lines(LIBRARY / "inputs" / f"{task}.jsonl"):
        for tier in library.plan(task, given).tiers:
            assert tier.breakpoints
            for point in tier.breakpoints:
                assert point.cacheable
                assert point.minimum is not None
                assert point.prefix_tokens > 1.5 * point.minimum


@pytest.mark.parametrize("task", TASKS)
def test_a_run_costs_what_its_budget_allows(library: Router, task: str) -> None:
    """The worst path of every example input fits the budget."""
    for given in lines(LIBRARY / "inputs" / f"{task}.jsonl"):
        plan = library.plan(task, given)
        assert plan.budget_usd is not None
        assert plan.cost_worst <= plan.budget_usd


@pytest.mark.parametrize("root", ROOTS, ids=lambda root: root.parent.name)
def test_answers_shown_in_prompts_keep_to_their_own_schema(root: Path) -> None:
    """Few-shot answers that break the schema would teach the model to break it."""
    shown = 0
    for name in DirectorySources(root).policy_files():
        policy = root / name
        task = policy.stem
        for prompt in (root / "prompts" / task).glob("*.j2"):
            for _, text in SHOWN_ANSWER.findall(prompt.read_text(encoding="utf-8")):
                schema = output_schema(policy, task)
                assert schema is not None
                Draft202012Validator(schema).validate(json.loads(text))
                shown += 1
    assert shown >= (20 if root == LIBRARY else 0)


def test_prompts_name_no_field_that_is_refused() -> None:
    """Fields named for a model's inner workings can be refused, and the refusal is billed."""
    for root in ROOTS:
        for path in root.rglob("*"):
            if path.suffix in {".j2", ".yaml"}:
                text = re.sub(r"thinking: \w+", "", path.read_text(encoding="utf-8"))
                assert not re.search(r"\b(reasoning|thinking|trace)\b", text, re.IGNORECASE), path


def test_triage_messages_are_many_distinct_and_labelled_within_the_schema() -> None:
    """At least 120, each with an answer of every tier that the schema accepts."""
    home = EXAMPLES / "support_triage"
    messages = list(lines(home / "messages.jsonl"))
    replies = {line["id"]: line for line in lines(home / "replies.jsonl")}
    assert len(messages) >= 120
    assert len({m["message"] for m in messages}) == len(messages) == len(replies)
    schema = Draft202012Validator(output_schema(home / "policies" / "triage.yaml", "triage") or {})
    for message in messages:
        for tier in ("haiku", "sonnet", "opus"):
            schema.validate(replies[message["id"]][tier])
        schema.validate({**replies[message["id"]]["opus"], "label": message["label"]})


def test_extraction_feeds_exceptions_upward(tmp_path: Path) -> None:
    """Tidy documents stay below; broken records and contradictions go up, and come out right."""
    home = EXAMPLES / "extraction"
    replies = {line["id"]: line for line in lines(home / "replies.jsonl")}
    documents = list(lines(home / "documents.jsonl"))
    recorded = Recorded("text", {d["text"]: replies[d["id"]] for d in documents})
    claude = Emulator(Script(strict=True), recorded)
    settings = Settings.from_environment({})
    ledger = tmp_path / "ledger.db"
    with Router(home / "policies", ledger=ledger, emulator=claude, settings=settings) as router:
        tiers: Counter[str] = Counter()
        reasons: set[str] = set()
        for document in documents:
            given = {"text": document["text"], "received": document["received"]}
            result = router.run("invoice", given)
            tiers[result.tier] += 1
            reasons.update(left.reason for left in result.left)
            wanted = document["expected"]
            assert {key: result.output[key] for key in wanted} == wanted
    assert tiers == {"haiku": 12, "sonnet": 6, "opus": 2}
    assert any("invalid_output" in reason for reason in reasons)
    assert any("contradictory" in reason for reason in reasons)


def test_conversation_turns_grow_a_cached_history(tmp_path: Path) -> None:
    """The handbook is cached for an hour, the turns before the question for five minutes."""
    home = EXAMPLES / "conversation"
    history: list[dict[str, str]] = []
    settings = Settings.from_environment({})
    with Router(
        home / "policies", ledger=tmp_path / "ledger.db", offline=True, settings=settings
    ) as router:
        for turn in lines(home / "turns.jsonl"):
            given = {"question": turn["question"], "history": history}
            points = router.plan("ask_handbook", given).tiers[0].breakpoints
            assert [point.ttl for point in points] == (["1h", "5m"] if history else ["1h"])
            assert points[0].cacheable
            history += [
                {"role": "user", "content": turn["question"]},
                {"role": "assistant", "content": turn["reply"]},
            ]
    assert len(history) == 16


@pytest.mark.parametrize("root", ROOTS, ids=lambda root: root.parent.name)
def test_everything_is_lint_clean(root: Path) -> None:
    """No error and no warning in what people copy, on the day it was written."""
    config = LintConfig(fail_level=Severity.WARNING)
    report = lint_paths([root], root=root, today=date(2026, 11, 22), config=config)
    assert report.exit_code() == CLEAN, render(report, "concise")


def test_every_decision_of_every_policy_is_tested() -> None:
    """A newcomer copies the tests too: each rule seen true and false, each tier, each event."""
    report = run_tests([LIBRARY], policies=LIBRARY, coverage=True, min_coverage=100)
    assert [str(finding) for finding in report.findings] == []
    assert [one.case.id for one in report.cases if one.status != "passed"] == []
    assert report.coverage is not None
    assert [task.task for task in report.coverage.tasks] == TASKS
    assert [str(one) for task in report.coverage.tasks for one in task.uncovered] == []
    assert report.exit_code == 0
