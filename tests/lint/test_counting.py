"""--count-tokens: rules judge by what the API counts, and say so."""

from __future__ import annotations

from datetime import date

from router.catalog import load_catalog
from router.claude.counting import count_tokens
from router.emulator.transport import EmulatorTransport
from router.lint.counting import counter, counting
from router.lint.sources import lint_sources
from router.policy.sources import MemorySources
from router.rules.base import Facts
from router.rules.counts import questions
from router.rules.judge import judge
from router.settings import Settings

TODAY = date(2026, 11, 22)
POLICY = """version: 1
tasks:
  sort:
    input: {type: object, required: [mail], properties: {mail: {type: string, maxLength: 99}}}
    prompt:
      system:
        - {text: "You sort mail. It comes in many languages."}
        - {file: taxonomy.j2, cache: 5m}
      user: 'Sort this: {{ mail | tag("mail") }}'
    tiers:
      - {model: claude-haiku-5-5, max_tokens: 2048}
      - {model: claude-opus-5-5, max_tokens: 2048}
"""
FILES = {"a.yaml": POLICY, "taxonomy.j2": "{# what there is #}Bills. Cards.\n" * 20}


def below_minimum(count=None) -> list[str]:
    linted = lint_sources(MemorySources(FILES), load_catalog(), today=TODAY, count=count)
    return [one.message for one in linted.findings if one.rule == "cache-below-minimum"]


def tasks():
    return judge(MemorySources(FILES), load_catalog(), today=TODAY).tasks


def test_an_estimate_says_that_it_is_one_and_a_count_does_not():
    (estimated,) = below_minimum()
    assert estimated.startswith("about ")
    with counting(Settings.from_environment({}), offline=True) as count:
        (counted,) = below_minimum(count)
    assert counted[0].isdigit()
    assert "about" not in counted


def test_a_count_overrules_the_estimate():
    def enormous(tasks, facts):
        return {
            question.key: 100_000
            for compiled in tasks
            for tier in compiled.task.tiers
            for question in questions(compiled, facts.model(tier)).values()
        }

    assert below_minimum(enormous) == []


def test_what_is_asked_is_the_head_of_the_prompt_as_it_is_sent():
    (compiled,) = tasks()
    catalog = load_catalog()
    model = catalog.get("claude-haiku-5-5")
    ((index, question),) = questions(compiled, model).items()
    assert index == 1
    assert [block["text"] for block in question.body["system"]] == [
        "You sort mail. It comes in many languages.",
        ("Bills. Cards.\n" * 20).removesuffix("\n"),
    ]
    assert question.body["messages"] == question.bare["messages"]
    assert "cache_control" not in str(question.body)


def test_each_prefix_is_asked_once_a_model_and_its_message_is_taken_off():
    asked = []

    class Counting(EmulatorTransport):
        def send(self, request):
            asked.append(request.body)
            return super().send(request)

    count, facts = counter(Counting()), Facts(load_catalog(), TODAY)
    first = count(tasks(), facts)
    assert count(tasks(), facts) == first
    assert sorted(body["model"] for body in asked) == [
        *("claude-haiku-5-5", "claude-haiku-5-5"),
        *("claude-opus-5-5", "claude-opus-5-5"),
    ]
    (compiled,) = tasks()
    (question,) = questions(compiled, facts.model(compiled.task.tiers[0])).values()
    alone = EmulatorTransport()
    assert first[question.key] == count_tokens(alone, question.body) - count_tokens(
        alone, question.bare
    )


def test_what_is_in_no_cache_is_judged_by_its_count_too():
    bare = {**FILES, "a.yaml": POLICY.replace(", cache: 5m", "")}

    def answered(tokens: int) -> bool:
        def count(tasks, facts):
            return {
                question.key: tokens
                for compiled in tasks
                for tier in compiled.task.tiers
                for question in questions(compiled, facts.model(tier)).values()
            }

        linted = lint_sources(MemorySources(bare), load_catalog(), today=TODAY, count=count)
        return "uncached-prefix" in [one.rule for one in linted.findings]

    assert answered(100_000)
    assert not answered(1)
