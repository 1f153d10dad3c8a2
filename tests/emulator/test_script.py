"""Scripts give each request the reply that was meant for it."""

import json
import re

import pytest

from router.claude.reader import read_body
from router.claude.transport import WireRequest
from router.emulator import (
    Emulator,
    EmulatorTransport,
    ManualClock,
    Recordings,
    Script,
    by_tag,
    call_tool,
    fault,
    parse_item,
    recording_line,
    refuse,
    reply,
    truncate,
)

HAIKU, OPUS = "claude-haiku-5-5", "claude-opus-5-5"


def ask(emulator, user="Hello", *, task=None, tier=None, **changes):
    body = {
        "model": HAIKU,
        "max_tokens": 200,
        "messages": [{"role": "user", "content": user}],
        **changes,
    }
    hints = {"x-router-task": task, "x-router-tier": tier}
    headers = {name: value for name, value in hints.items() if value}
    got = EmulatorTransport(emulator).send(WireRequest(body, timeout=60.0, headers=headers))
    return read_body(got.status, got.headers, got.body, asked=body, emulated=True)


@pytest.fixture
def emulator():
    return Emulator(clock=ManualClock())


def test_replies_are_given_in_order_and_the_last_one_again(emulator):
    emulator.script.reply("one", "two", "three")
    assert [ask(emulator).text for _ in range(5)] == ["one", "two", "three", "three", "three"]


def test_the_first_rule_that_matches_answers(emulator):
    script = emulator.script
    script.on(task="classify", tier="haiku").reply("by task and tier")
    script.on(model=OPUS).reply("by model")
    script.on(text=re.compile("ref[u]nd")).reply("by the user's text")
    script.on(system="polite").reply("by the system text")
    script.on(fields=["label"]).reply("by the schema")
    script.on(when=lambda r: r.body["max_tokens"] == 7).reply("by a callable")
    assert ask(emulator, task="classify", tier="haiku").text == "by task and tier"
    assert ask(emulator, task="classify", tier="opus").text.startswith("[emulated]")
    assert ask(emulator, model=OPUS).text == "by model"
    assert ask(emulator, "a refund please").text == "by the user's text"
    assert ask(emulator, system="Be polite.").text == "by the system text"
    schema = {
        "type": "object",
        "properties": {"label": {"type": "string"}},
        "additionalProperties": False,
    }
    formatted = {"format": {"type": "json_schema", "schema": schema}}
    assert ask(emulator, output_config=formatted).text == "by the schema"
    assert ask(emulator, max_tokens=7).text == "by a callable"


def test_nth_counts_the_requests_that_match(emulator):
    emulator.script.on(text="card", nth=1).reply("first")
    emulator.script.on(text="card", nth=3).reply("third")
    emulator.script.reply("any")
    said = [ask(emulator, text).text for text in ("card", "other", "card", "card", "card")]
    assert said == ["first", "any", "any", "third", "any"]


def test_a_callable_computes_the_reply_or_passes_the_request_on(emulator):
    emulator.script.on(tier="haiku").reply(lambda r: {"n": len(r.text)} if r.text else None)
    emulator.script.on().reply(lambda r: None)
    assert json.loads(ask(emulator, "four", tier="haiku").text) == {"n": 4}
    assert ask(emulator, "four", tier="opus").text.startswith("[emulated]")


def test_a_strict_script_refuses_what_it_does_not_know():
    emulator = Emulator(Script(strict=True), clock=ManualClock())
    emulator.script.on(tier="haiku").reply("known")
    assert ask(emulator, tier="haiku").text == "known"
    missed = ask(emulator, tier="opus", task="classify")
    assert missed.kind == "invalid_request"
    assert "task classify, tier opus" in missed.message


def test_a_script_from_plain_data_reads_as_a_policy_test_writes_it():
    script = Script.of(
        {
            "fast": [{"error": "overloaded", "times": 2}, {"label": "bug", "confidence": 0.95}],
            "strong": {"stop": "refusal", "category": "cyber"},
        },
        task="classify",
    )
    emulator = Emulator(script, clock=ManualClock())
    first = [ask(emulator, task="classify", tier="fast") for _ in range(3)]
    assert [f.kind for f in first[:2]] == ["overloaded", "overloaded"]
    assert json.loads(first[2].text) == {"label": "bug", "confidence": 0.95}
    refusal = ask(emulator, task="classify", tier="strong")
    assert (refusal.stop_reason, refusal.stop_details["category"]) == ("refusal", "cyber")
    assert ask(emulator, task="other", tier="fast").kind == "invalid_request"


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ("hello", "hello"),
        ({"text": "hello"}, "hello"),
        ({"output": {"text": "hello"}}, '{"text": "hello"}'),
        ({"label": "a", "text": "b"}, '{"label": "a", "text": "b"}'),
        ([1, 2], "[1, 2]"),
        (None, "null"),
        (0.5, "0.5"),
    ],
)
def test_plain_data_is_a_text_an_output_or_says_which(emulator, spec, text):
    item, times = parse_item(spec)
    emulator.script.reply(item)
    assert (ask(emulator).text, times) == (text, 1)


@pytest.mark.parametrize(
    "spec",
    [
        {"error": "overlaoded"},
        {"stop": "tired"},
        {"error": "overloaded", "times": 0},
        {"text": "x", "output": {}},
        {"error": "reset", "usage": {}},
        {"text": "x", "usage": {"output_token": 3}},
        {"text": "x", "usage": 3},
        {"text": "x", "latency": "soon"},
        {"text": "x", "times": True},
    ],
)
def test_plain_data_that_means_nothing_is_a_value_error(spec):
    with pytest.raises(ValueError):
        parse_item(spec)
    with pytest.raises(ValueError, match="tier fast"):
        Script.of({"fast": [spec]})


def test_in_python_a_mapping_is_always_an_output(emulator):
    emulator.script.reply({"text": "hello"}, {"error": "overloaded"})
    assert [ask(emulator).text for _ in range(2)] == [
        '{"text": "hello"}',
        '{"error": "overloaded"}',
    ]


def test_a_refusal_has_no_content_and_says_why(emulator):
    emulator.script.reply(refuse("bio", "No."), refuse(text="I can"))
    first, second = ask(emulator), ask(emulator)
    assert (first.stop_reason, first.content) == ("refusal", ())
    assert first.stop_details == {"type": "refusal", "category": "bio", "explanation": "No."}
    assert (second.stop_reason, second.text) == ("refusal", "I can")


def test_a_truncated_answer_has_used_up_max_tokens(emulator):
    emulator.script.reply(truncate({"label": "billing"}), truncate("half a sen"))
    first, second = ask(emulator), ask(emulator)
    assert (first.stop_reason, first.text) == ("max_tokens", '{"label": "billing"')
    assert first.usage.output_tokens == 200
    assert second.text == "half a sen"


def test_an_answer_beyond_max_tokens_is_cut_as_the_api_cuts_it(emulator):
    """2.5 characters a token: 20 tokens are 50 characters."""
    emulator.script.reply("x" * 1000)
    answer = ask(emulator, max_tokens=20)
    assert (answer.stop_reason, answer.text) == ("max_tokens", "x" * 50)
    assert answer.usage.output_tokens == 20


def test_a_stop_sequence_ends_the_answer(emulator):
    emulator.script.reply("one END two STOP three")
    answer = ask(emulator, stop_sequences=["STOP", "END"])
    assert (answer.stop_reason, answer.text) == ("stop_sequence", "one ")


def test_thinking_counts_into_the_output(emulator):
    emulator.script.reply(reply("x" * 50, thinking_tokens=80))
    answer = ask(emulator)
    assert (answer.usage.output_tokens, answer.usage.thinking_tokens) == (100, 80)
    assert [block["type"] for block in answer.content] == ["thinking", "text"]


def test_thinking_that_takes_all_of_max_tokens_leaves_no_text(emulator):
    emulator.script.reply(reply("an answer", thinking_tokens=500))
    answer = ask(emulator)
    assert (answer.stop_reason, answer.text) == ("max_tokens", "")
    assert answer.usage.output_tokens == 200


def test_tool_calls_carry_ids_and_stop_for_the_tool(emulator):
    emulator.script.reply(call_tool("look", {"at": "sky"}))
    tool = {"name": "look", "input_schema": {"type": "object"}}
    answer = ask(emulator, tools=[tool])
    (block,) = answer.content
    assert block["id"].startswith("toolu_emulated_")
    assert (block["input"], answer.stop_reason) == ({"at": "sky"}, "tool_use")


def test_usage_and_served_model_can_be_set(emulator):
    usage = {"input_tokens": 5, "cache_creation": {"ephemeral_1h_input_tokens": 30}}
    emulator.script.reply(
        reply("hi", usage=usage, model=OPUS),
        reply("hi", usage={"input_tokens": "many"}),
        reply("hi", usage={"output_tokens": None}),
    )
    answer = ask(emulator)
    assert (answer.usage.input_tokens, answer.usage.cache_write_1h_tokens) == (5, 30)
    assert answer.model == OPUS
    assert not ask(emulator).usage_known
    assert not ask(emulator).usage_known


def test_what_came_in_can_be_looked_at_afterwards(emulator):
    ask(emulator, "first", task="classify", tier="haiku", system="Be kind.")
    ask(emulator, "second")
    first, second = emulator.requests
    assert (first.task, first.tier, first.text, first.system) == (
        "classify",
        "haiku",
        "first",
        "Be kind.",
    )
    assert (second.task, second.number) == (None, 2)
    emulator.reset()
    assert (len(emulator.requests), emulator.calls) == (0, 0)


def test_one_seed_one_behaviour():
    def ids(seed):
        emulator = Emulator(clock=ManualClock(), seed=seed)
        return [ask(emulator, f"question {n}").id for n in range(3)]

    assert ids(1) == ids(1)
    assert ids(1) != ids(2)


def test_recordings_answer_the_request_they_were_made_of(emulator, tmp_path):
    emulator.script.reply(reply({"label": "card"}, usage={"input_tokens": 77}))
    body = {"model": HAIKU, "max_tokens": 200, "messages": [{"role": "user", "content": "Hi"}]}
    message = json.loads(
        emulator.handle("POST", "/v1/messages", {}, json.dumps(body).encode()).read()
    )
    path = tmp_path / "recording.jsonl"
    path.write_text(recording_line(body, message) + "\n")
    player = Emulator(Script(strict=True), Recordings.load(path), clock=ManualClock())
    again = ask(player, "Hi")
    assert (json.loads(again.text), again.usage.input_tokens) == ({"label": "card"}, 77)
    assert ask(player, "Something else").kind == "invalid_request"


def test_recordings_are_found_by_a_field_of_the_input_and_by_model():
    lines = [
        {"key": "q1", "model": HAIKU, "reply": {"answer": "a", "confidence": 0.3}},
        {"key": "q1", "reply": {"answer": "b", "confidence": 0.9}},
        {"key": "q2", "reply": {"error": "overloaded"}},
    ]
    emulator = Emulator(None, Recordings(lines, key=by_tag("id")), clock=ManualClock())
    assert json.loads(ask(emulator, "<id>q1</id> Why?").text)["answer"] == "a"
    assert json.loads(ask(emulator, "<id> q1\n</id> Why?", model=OPUS).text)["answer"] == "b"
    assert ask(emulator, "<id>q2</id>").kind == "overloaded"
    assert ask(emulator, "no id").text.startswith("[emulated]")


def test_replies_of_a_recording_that_are_given_once_are_given_in_order_and_run_out():
    lines = [{"key": "q1", "reply": "first"}, {"key": "q1", "reply": "second"}]
    recordings = Recordings(lines, key=by_tag("id"), once=True)
    emulator = Emulator(Script(strict=True), recordings, clock=ManualClock())
    assert [ask(emulator, "<id>q1</id>").text for _ in range(2)] == ["first", "second"]
    assert len(recordings) == 0
    assert ask(emulator, "<id>q1</id>").kind == "invalid_request"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"key": "k"}', "needs `key` and `reply`"),
        ("[]", "needs `key` and `reply`"),
        ("{", "not JSON: .* at column 2"),
        ("[" * 100_000, "not JSON: nested"),
        ("\xe9", "not JSON"),
        ('{"key": 1, "reply": "x"}', "are texts"),
        ('{"key": "k", "model": ["m"], "reply": "x"}', "are texts"),
        ('{"key": "k", "reply": {"type": "message", "content": 5}}', "list of blocks"),
        ('{"key": "k", "reply": {"type": "message", "content": "words"}}', "list of blocks"),
        ('{"key": "k", "reply": {"type": "message", "usage": 5}}', "`usage` is a map"),
        ('{"key": "k", "reply": {"error": "nope"}}', "unknown fault"),
    ],
)
def test_a_line_that_is_no_recording_is_named(tmp_path, text, said):
    path = tmp_path / "bad.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"key": "k", "reply": "x"}\r\n' + text.encode("latin-1") + b"\n")
    with pytest.raises(ValueError, match=f"bad.jsonl:2: .*({said})"):
        Recordings.load(path)


def test_scripts_mix_faults_and_answers(emulator):
    emulator.script.reply(fault("overloaded"), fault("reset"), "at last")
    assert ask(emulator).kind == "overloaded"
    with pytest.raises(Exception, match="closed before an answer"):
        ask(emulator)
    assert ask(emulator).text == "at last"


def test_times_are_seconds_or_durations_and_faults_have_their_options():
    assert parse_item({"text": "x", "latency": "1500ms"})[0].latency == 1.5
    assert parse_item({"text": "x", "latency": 2})[0].latency == 2
    assert parse_item({"error": "rate_limited", "retry_after": "1m"})[0].retry_after == 60
    assert parse_item({"error": "bad_response", "body": "html"})[0].body.startswith(b"<html>")


def test_keys_that_only_faults_have_make_an_output_where_there_is_none(emulator):
    item, _ = parse_item({"text": "x", "body": "y"})
    emulator.script.reply(item)
    assert ask(emulator).text == '{"text": "x", "body": "y"}'


def test_every_field_of_the_usage_can_be_scripted(emulator):
    body = {"model": HAIKU, "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}
    got = EmulatorTransport(emulator).send(WireRequest(body, timeout=60.0, headers={}))
    usage = json.loads(got.body)["usage"]
    assert len(usage) > 5
    assert parse_item({"text": "x", "usage": usage})
