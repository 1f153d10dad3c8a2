"""Public lists of template injections: refused or harmless as templates, text as inputs."""

from __future__ import annotations

import json
import sys
import time
from datetime import date
from pathlib import Path

import pytest

from router.catalog import load_catalog
from router.compiler.problems import Refused
from router.compiler.templates import compile_template
from router.policy.sources import MemorySources
from router.rules.judge import judge

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))  # bench/ is no part of it

from bench.fuzz.oracle import conditions, templates

NAMES = {"message": "text", "config": {"SECRET": "s3cr3t"}, "request": {"args": {}}, "self": "me"}


@pytest.fixture(scope="module")
def payloads(collection) -> list[str]:
    folder = collection("templates")
    found = (folder / "template_injection.txt").read_text(encoding="utf-8").splitlines()
    for file in ("advanced.json", "comprehensive.json"):
        listed = json.loads((folder / file).read_text(encoding="utf-8"))["payloads"]
        found += [one["payload"] for one in listed]
    assert len(found) > 100
    return [text for text in dict.fromkeys(found) if text.strip()]


def test_as_templates_they_are_refused_or_render_nothing_of_python(payloads) -> None:
    """Also where the names that they reach for exist; the oracle of the fuzzer watches."""
    begin = time.process_time()
    refused = 0
    for text in payloads:
        templates(text.encode())
        for inputs in (NAMES, None):
            try:
                template = compile_template(text, inputs=inputs)
            except Refused:
                refused += 1
                continue
            if "{{" not in text and "{%" not in text:
                assert template.render(NAMES) == text  # for other engines: plain text to ours
    assert refused > len(payloads) / 2
    assert time.process_time() - begin < 5


def test_as_conditions_they_are_refused_or_decide_something(payloads) -> None:
    for text in payloads:
        conditions(text.encode())
        conditions(text.strip("{}$#% ").encode())


def test_as_inputs_they_are_text(payloads) -> None:
    """In each kind of template, plain, tagged and in Jinja's hands."""
    for source in (
        "{{ message }}",
        "{% if message %}{{ message }}{% endif %}",
        "{{ [message][0] }}",
    ):
        template = compile_template(source, inputs=NAMES)
        for text in payloads:
            assert template.render({"message": text}) == text


def test_in_a_policy_each_refusal_has_a_place(payloads) -> None:
    """As a prompt within the policy, and as a condition; on the line where it stands."""
    for text in payloads:
        written = json.dumps(text, ensure_ascii=False)
        source = (
            "version: 1\ntasks:\n  say:\n    input: {type: object, properties: {message: {}}}\n"
            f"    prompt:\n      user: {written}\n"
            f"    start:\n      - {{when: {written}, tier: a}}\n"
            "    tiers: [{name: a, model: claude-haiku-5-5, max_tokens: 10}]\n"
        )
        found = judge(MemorySources({"p.yaml": source}), load_catalog(), today=date(2026, 11, 28))
        assert found.policy_set is None
        lines = {one.span.line for one in found.findings if one.rule.startswith("condition")}
        assert lines == {8}, text
