"""`router test --live` and `--replay` from the shell, against an emulator on a loopback port."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import pytest
from lxml import etree

from router.testing import Emulator, fault, reply, serve

JUNIT = etree.XMLSchema(etree.parse(Path(__file__).parents[1] / "data" / "junit-10.xsd"))
POLICY = """version: 1
models: {haiku: claude-haiku-5-5, opus: claude-opus-5-5}
tasks:
  sort:
    input:
      type: object
      required: [message]
      additionalProperties: false
      properties: {message: {type: string, maxLength: 200}}
    output:
      type: object
      required: [label, confidence]
      additionalProperties: false
      properties:
        label: {enum: [billing, card, other]}
        confidence: {type: number, minimum: 0, maximum: 1}
    prompt:
      user: "Which queue? {{ message | tag('message') }}"
    tiers:
      - {model: haiku, max_tokens: 256, thinking: disabled, escalate: [{below: 0.8}]}
      - {model: opus, max_tokens: 2048}
    confidence: {field: output.confidence}
    budget: {run: {usd: 0.10}}
"""
SUITE = """version: 1
task: sort
live: {dataset: labelled.jsonl, repeat: 2, gates: {accuracy: ">= 0.75", escalation_rate: "< 0.1"}}
"""
ROWS = [
    {"inputs": {"message": "charged twice"}, "expect": {"output": {"label": "billing"}}},
    {"inputs": {"message": "card is lost"}, "expect": {"output": {"label": "card"}}},
]


@pytest.fixture
def shell(tmp_path):
    """Runs `router test` in a project whose API is an emulator."""
    policies = tmp_path / "policies"
    policies.mkdir()
    (policies / "sort.yaml").write_text(POLICY)
    (policies / "sort.test.yaml").write_text(SUITE)
    (policies / "labelled.jsonl").write_text("\n".join(map(json.dumps, ROWS)))
    emulator = Emulator()
    emulator.script.on(text="charged twice").reply(
        reply({"label": "billing", "confidence": 0.9}), reply({"label": "other", "confidence": 0.9})
    )
    emulator.script.on(text="card is lost").reply(reply({"label": "card", "confidence": 0.9}))
    with serve(emulator) as server:
        yield Shell(emulator, server.url, tmp_path)


@dataclass
class Shell:
    emulator: Emulator
    url: str
    root: Path

    def __call__(self, *arguments, **environment):
        process = self.start(*arguments, **environment)
        said = process.communicate(timeout=60)
        return subprocess.CompletedProcess(arguments, process.returncode, *said)

    def start(self, *arguments, **environment):
        given = {
            **{key: value for key, value in os.environ.items() if "ANTHROPIC" not in key},
            "ANTHROPIC_BASE_URL": self.url,
            "ANTHROPIC_API_KEY": "sk-ant-made-up",
            **environment,
        }
        return subprocess.Popen(
            [sys.executable, "-m", "router", "test", *arguments],
            cwd=self.root,
            env=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


def test_real_answers_are_judged_paid_recorded_and_had_again_from_the_recording(shell, tmp_path):
    """One way from labelled inputs to a gate, through the real SDK, and the same from a file."""
    live = shell("--live", "--max-usd", "0.5", "--record", "answers.jsonl", "--format", "json")
    assert live.returncode == 0, live.stderr
    found = json.loads(live.stdout)
    (evaluation,) = found["evaluations"]
    assert (evaluation["right"], evaluation["runs"], evaluation["escalated"]) == (3, 4, 0)
    assert Decimal(0) < Decimal(found["cost_usd"]) < Decimal("0.5")

    from router.reports import build

    ledger = build(tmp_path / "router.ledger.db", by="task")
    assert ledger.total.cost == Decimal(found["cost_usd"])

    answers = (tmp_path / "answers.jsonl").read_text()
    assert len(answers.splitlines()) == 4
    assert "sk-ant" not in answers
    again = shell("--replay", "answers.jsonl", ANTHROPIC_API_KEY="", ANTHROPIC_BASE_URL="")
    assert again.returncode == 0, again.stderr
    assert "right        3/4 (75.0 %); gate >= 0.75 passed" in again.stdout
    assert "nothing was sent" in again.stdout
    assert "policies/labelled.jsonl:1:1: right 1 of 2 times" in again.stdout
    third = shell("--replay", "answers.jsonl", "--repeat", "3")
    assert third.returncode == 1
    assert "not run      2 of 6: not recorded" in third.stdout


def test_a_missed_gate_fails_the_command_in_every_form(shell, tmp_path):
    path = tmp_path / "policies" / "sort.test.yaml"
    path.write_text(SUITE.replace(">= 0.75", ">= 0.76"))
    run = shell("--live", "--max-usd", "0.5", "--format", "junit")
    assert run.returncode == 1
    tree = etree.fromstring(run.stdout.encode())
    JUNIT.assertValid(tree)
    assert tree.get("failures") == "1"
    (failure,) = tree.iter("failure")
    assert failure.get("message") == "accuracy is 3/4 (75.0 %)"
    assert failure.text.splitlines() == [
        "policies/labelled.jsonl:1:1: right 1 of 2 times",
        '    output.label: expected "billing", got "other"',
    ]


def test_a_sum_that_does_not_reach_leaves_inputs_out_and_says_so(shell):
    run = shell("--live", "--max-usd", "0.00005")
    assert run.returncode == 1
    assert "too little money is left" in run.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--live"], "--max-usd says how much"),
        (["--live", "--max-usd", "NaN"], "an amount above 0"),
        (["--live", "--max-usd", "1", "--replay", "x"], "not both"),
        (["--max-usd", "1"], "--max-usd goes with --live"),
        (["--offline"], "--offline goes with --live"),
        (["--repeat", "2"], "--repeat goes with --live or --replay"),
        (["--replay", "missing.jsonl"], "cannot read missing.jsonl"),
        (["--live", "--max-usd", "1", "--task", "nobody"], "no `live:` part for task 'nobody'"),
        (["--live", "--max-usd", "1", "-k", "x"], "-k is about scripted cases"),
        (["--live", "--max-usd", "1", "-v"], "--verbose is about scripted cases"),
    ],
)
def test_what_cannot_be_done_is_said_and_nothing_is_spent(shell, tmp_path, arguments, said):
    run = shell(*arguments)
    assert run.returncode == 2
    assert said in run.stderr
    assert not (tmp_path / "router.ledger.db").exists()


def test_a_key_that_stops_working_in_the_middle_leaves_a_report_of_what_was_made(shell):
    shell.emulator.script.clear()
    shell.emulator.script.reply(reply({"label": "billing", "confidence": 0.9}), fault("auth"))
    run = shell("--live", "--max-usd", "0.5", "--parallel", "1")
    assert run.returncode == 1
    assert "right        1/1 (100.0 %); gate >= 0.75 not judged" in run.stdout
    assert "not run      3 of 4: sort/haiku (claude-haiku-5-5): " in run.stdout


def test_a_key_that_never_worked_is_an_error_and_no_report(shell):
    shell.emulator.script.clear()
    shell.emulator.script.reply(fault("auth"))
    run = shell("--live", "--max-usd", "0.5")
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr.startswith("error: sort/haiku")


def test_the_ledger_keeps_texts_where_the_deployment_asks_for_them(shell, tmp_path):
    shell("--live", "--max-usd", "0.5", "--repeat", "1", ROUTER_LEDGER_TEXT="1")
    ledger = sqlite3.connect(tmp_path / "router.ledger.db")
    kept = ledger.execute("SELECT request FROM texts").fetchall()
    assert sum("charged twice" in request for (request,) in kept) == 1


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -9)])
def test_what_was_answered_before_an_interrupt_is_recorded_in_whole_lines(
    shell, tmp_path, number, code
):
    shell.emulator.script.clear()
    answer = reply({"label": "billing", "confidence": 0.9})
    shell.emulator.script.reply(answer, replace(answer, latency=50))
    arguments = ("--live", "--max-usd", "0.5", "--parallel", "1", "--record", "answers.jsonl")
    process = shell.start(*arguments)
    deadline = time.monotonic() + 30
    while len(shell.emulator.requests) < 2:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(number)
    said, _ = process.communicate(timeout=30)
    assert (process.returncode, said) == (code, "")
    (line,) = (tmp_path / "answers.jsonl").read_text().splitlines(keepends=True)
    assert line.endswith("\n")
    if number == signal.SIGINT:
        ledger = sqlite3.connect(tmp_path / "router.ledger.db")
        statuses = ledger.execute("SELECT status FROM attempts ORDER BY started_at").fetchall()
        assert statuses == [("answered",), ("cancelled",)]


def test_without_a_key_nothing_is_sent(shell):
    run = shell("--live", "--max-usd", "1", ANTHROPIC_API_KEY="")
    assert run.returncode == 2
    assert "ANTHROPIC_API_KEY" in run.stderr


def test_offline_the_emulator_answers_without_a_key(shell):
    """`--offline` tries the machinery, as in the other commands that send something."""
    run = shell("--live", "--max-usd", "1", "--offline", ANTHROPIC_API_KEY="")
    assert (run.returncode, run.stderr) == (1, "")
    assert "emulated" in run.stdout
    assert not shell.emulator.requests
