"""The big list of naughty strings: data everywhere, and nowhere anything but data."""

from __future__ import annotations

import json
from datetime import date

import pytest

from router import Router
from router.catalog import load_catalog
from router.cli.show import as_json, result_json
from router.engine.plan import make_plan
from router.lint.report import Report
from router.lint.reporters import Form, render
from router.policy.sources import MemorySources
from router.rules.judge import Judgement, judge
from router.types import Severity

POLICY = """\
version: 1
tasks:
  say:
    description: {description}
    owner: {description}
    input:
      type: object
      required: [message]
      additionalProperties: false
      properties:
        message: {{type: string, maxLength: 100000}}
        choice: {{enum: [{member}, other]}}
    prompt:
      system: [{{text: "A system prompt."}}]
      user: "{{{{ choice | default('none') }}}} {{{{ message | tag('message') }}}}"
    tiers:
      - {{model: claude-haiku-5-5, max_tokens: 100, thinking: disabled}}
    budget: {{run: {{usd: 0.1, deadline: 30s}}}}
"""
TODAY = date(2026, 11, 28)


@pytest.fixture(scope="module")
def strings(collection) -> list[str]:
    found = json.loads(collection("strings/blns.json").read_text(encoding="utf-8"))
    assert len(found) > 400
    # it must be text: the list has lone surrogates only where JSON's escapes are cut
    return [text for text in found if text.encode("utf-8", "replace").decode() == text]


def written(text: str) -> str:
    """Text in YAML's double quotes."""
    shown = (c if c.isprintable() and c not in '"\\' else f"\\U{ord(c):08x}" for c in text)
    return f'"{"".join(shown)}"'


def judged(policy: str) -> Judgement:
    sources = MemorySources({"p.yaml": policy})
    return judge(sources, load_catalog(), today=TODAY, infos=True)


def policy(description: str = "Say.", member: str = "some") -> str:
    return POLICY.format(description=written(description), member=written(member))


def replaced(value, before: str, after: str):
    """A JSON value with every text in it changed."""
    if isinstance(value, dict):
        return {key: replaced(item, before, after) for key, item in value.items()}
    if isinstance(value, list):
        return [replaced(item, before, after) for item in value]
    return value.replace(before, after) if isinstance(value, str) else value


def test_an_input_changes_nothing_in_the_request_but_itself(strings) -> None:
    """Each string stands in the rendered request where any other would, to the character."""
    made = judged(policy()).policy_set
    assert made is not None

    def request(message: str):
        plan = make_plan(
            made.tasks["say"], {"message": message}, catalog=load_catalog(), today=TODAY
        )
        return plan.tiers[0].request

    usual = request("USUAL")
    for text in strings:
        assert request(text) == replaced(usual, "USUAL", text), text


def test_runs_over_all_of_them_are_answered_and_print_as_json(strings, tmp_path) -> None:
    """The whole way: validation, rendering, the emulator, parsing, the printed result."""
    (tmp_path / "p.yaml").write_text(policy())
    with Router(tmp_path, offline=True, ledger=None) as router:
        for text in strings:
            result = router.run("say", {"message": text})
            assert result.accepted
            assert json.loads(as_json(result_json(result)))["output"] == result.output


def test_values_of_a_policy_may_be_any_text(strings) -> None:
    """As description, owner and member of an enum: the policy loads and has them unchanged."""
    for text in strings:
        judgement = judged(policy(description=text, member=text))
        errors = [one for one in judgement.findings if one.severity is Severity.ERROR]
        if text in ("", "other"):
            continue  # an enum with one value twice; an empty description
        assert errors == [], text
        assert judgement.policy_set is not None
        task = judgement.policy_set.tasks["say"]
        assert task.description == text
        assert task.input is not None
        assert task.input.source["properties"]["choice"]["enum"][0] == text


def test_names_and_raw_text_in_a_policy_are_refused_in_print(strings) -> None:
    """As a task's name, a key, a model and bare YAML: findings that any terminal may show."""
    found = []
    for text in strings:
        for source in (
            policy().replace("  say:", f"  {written(text)}:"),
            policy().replace("owner:", f"{written(text)}:"),
            policy().replace("claude-haiku-5-5", written(text)),
            policy().replace("Say.", text),
            text,
        ):
            found += judged(source).findings
    report = Report(tuple(found), base="/")
    for form in Form:
        shown = render(report, form).replace("\n", "").replace("\t", "")
        assert shown.isprintable(), form
