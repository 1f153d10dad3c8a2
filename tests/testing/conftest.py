"""A small policy root for tests of policy tests, and a way to run cases in it."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from router.testing.report import TestReport
from router.testing.runner import run_tests

POLICY = """
version: 1
models: {haiku: claude-haiku-5-5, sonnet: claude-sonnet-5-5, opus: claude-opus-5-5}
tasks:
  sort:
    tags: {area: support}
    input:
      type: object
      required: [message]
      additionalProperties: false
      properties:
        message: {type: string, maxLength: 200}
        plan: {enum: [free, enterprise], default: free}
    trusted: [plan]
    output:
      type: object
      required: [label, confidence]
      additionalProperties: false
      properties:
        label: {enum: [billing, fraud, other]}
        confidence: {type: number}
    prompt:
      system: [{text: Sort the message into a queue.}]
      user: 'Plan {{ plan }}. {{ message | tag("message") }}'
    start: [{when: plan == "enterprise", tier: sonnet, reason: contract}]
    tiers:
      - model: haiku
        max_tokens: 256
        escalate:
          - {when: output.label == "fraud", to: opus, reason: money}
          - {below: 0.8}
      - {model: sonnet, max_tokens: 512, escalate: [{below: 0.5}]}
      - {model: opus, max_tokens: 1024}
    confidence: {field: output.confidence}
    retry: {retries: 2}
    budget: {run: {usd: 1, deadline: 60s}}
  summarize:
    input: {type: object, required: [text], properties: {text: {type: string, maxLength: 999}}}
    prompt: {user: "Sum up: {{ text | tag('text') }}"}
    tiers: [{model: haiku, max_tokens: 256, timeout: 20s}]
    retry: {retries: 1}
    exhausted: error
  checked:
    input: {type: object, required: [text], properties: {text: {type: string, maxLength: 99}}}
    output:
      type: object
      required: [label]
      additionalProperties: false
      properties: {label: {type: string}}
    prompt: {user: "{{ text | tag('text') }}"}
    tiers:
      - {model: haiku, max_tokens: 256, escalate: [{below: 0.7}]}
      - {model: opus, max_tokens: 256}
    confidence:
      all: [{agreement: {samples: 3, of: output.label}}, {verifier: judge}]
      combine: min
  judge:
    input: {type: object, required: [answer], properties: {answer: {type: string, maxLength: 99}}}
    output:
      type: object
      required: [confidence]
      additionalProperties: false
      properties: {confidence: {type: number}}
    prompt: {user: "{{ answer | tag('answer') }}"}
    tiers: [{model: sonnet, max_tokens: 256}]
"""

SURE = "{label: billing, confidence: 0.9}"
UNSURE = "{label: other, confidence: 0.4}"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with `policies/sort.yaml` in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ROUTER_POLICIES", raising=False)
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "sort.yaml").write_text(POLICY)
    return tmp_path


Run = Callable[..., TestReport]


@pytest.fixture
def run(root: Path) -> Run:
    """Runs a test file: `cases` as a YAML list without indent, after `head`."""

    def run(cases: str, head: str = "task: sort\ndefaults: {inputs: {message: Hi}}", **options):
        text = f"version: 1\n{textwrap.dedent(head)}\ncases:\n{textwrap.dedent(cases)}"
        (root / "policies" / "sort.test.yaml").write_text(text)
        return run_tests(**options)

    return run
