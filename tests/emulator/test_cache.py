"""Prompt-cache accounting, against figures worked out by hand.

With today's tokenizer 5 ASCII characters are 2 tokens, so `words(1000)` is 1,000 tokens. The
smallest prefix that haiku-5-5, sonnet-5-5 and opus-5-5 cache is 512 tokens.
"""

import asyncio
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.catalog import estimate_body, load_catalog
from router.claude.transport import WireRequest
from router.emulator import AsyncEmulatorTransport, Emulator, ManualClock, fault, reply

HAIKU, OPUS = "claude-haiku-5-5", "claude-opus-5-5"


def words(tokens, mark="a"):
    return (mark * 5 * tokens)[: tokens * 5 // 2]


def block(tokens, ttl=None, mark="a"):
    control = {"cache_control": {"type": "ephemeral", "ttl": ttl}} if ttl else {}
    return {"type": "text", "text": words(tokens, mark), **control}


def body_of(*system, user=100, model=HAIKU, **more):
    messages = [{"role": "user", "content": words(user, "u")}]
    return {"model": model, "max_tokens": 50, "system": [*system], "messages": messages, **more}


def usage(emulator, body):
    """(uncached, read, written for 5m, written for 1h), once the answer has begun."""
    answer = emulator.handle("POST", "/v1/messages", {}, json.dumps(body).encode())
    message = json.loads(answer.read())
    assert answer.status == 200, message
    used = message["usage"]
    parts = used["cache_creation"]
    five, hour = parts["ephemeral_5m_input_tokens"], parts["ephemeral_1h_input_tokens"]
    assert used["cache_creation_input_tokens"] == five + hour
    return used["input_tokens"], used["cache_read_input_tokens"], five, hour


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def emulator(clock):
    return Emulator(clock=clock)


def test_the_first_request_writes_and_the_second_reads(emulator):
    body = body_of(block(1000, "5m"))
    assert usage(emulator, body) == (100, 0, 1000, 0)
    assert usage(emulator, body) == (100, 1000, 0, 0)


def test_without_a_breakpoint_nothing_is_cached(emulator):
    body = body_of(block(1000))
    assert usage(emulator, body) == (1100, 0, 0, 0)
    assert usage(emulator, body) == (1100, 0, 0, 0)


def test_two_lifetimes_in_one_request_are_told_apart(emulator):
    body = body_of(block(1000, "1h", "a"), block(600, "5m", "b"), block(40, mark="c"))
    assert usage(emulator, body) == (140, 0, 600, 1000)
    assert usage(emulator, body) == (140, 1600, 0, 0)


def test_after_the_shorter_one_is_gone_only_it_is_written_again(emulator, clock):
    body = body_of(block(1000, "1h", "a"), block(600, "5m", "b"))
    usage(emulator, body)
    clock.advance(301)
    assert usage(emulator, body) == (100, 1000, 600, 0)


@pytest.mark.parametrize(("ttl", "seconds"), [("5m", 300), ("1h", 3600)])
def test_an_entry_lives_exactly_its_lifetime(ttl, seconds):
    for age, read in ((seconds - 1, 1000), (seconds, 0)):
        clock = ManualClock()
        emulator = Emulator(clock=clock)
        body = body_of(block(1000, ttl))
        usage(emulator, body)
        clock.advance(age)
        assert usage(emulator, body)[1] == read


def test_each_use_renews_an_entry(emulator, clock):
    body = body_of(block(1000, "5m"))
    usage(emulator, body)
    for _ in range(5):
        clock.advance(299)
        assert usage(emulator, body) == (100, 1000, 0, 0)


def test_the_lifetime_counts_from_the_start_of_the_request(emulator, clock):
    """An answer that takes 200 s leaves 100 s of the five minutes."""
    body = body_of(block(1000, "5m"))
    raw = json.dumps(body).encode()
    answer = emulator.handle("POST", "/v1/messages", {}, raw)
    clock.advance(200)
    answer.read()
    clock.advance(100)
    assert usage(emulator, body)[1] == 0


def test_an_entry_cannot_be_read_before_its_answer_has_begun(emulator):
    body = body_of(block(1000, "5m"))
    raw = json.dumps(body).encode()
    first = emulator.handle("POST", "/v1/messages", {}, raw)
    second = emulator.handle("POST", "/v1/messages", {}, raw)
    for answer in (first, second):
        assert json.loads(answer.read())["usage"]["cache_creation_input_tokens"] == 1000
    assert usage(emulator, body)[1] == 1000


def test_parallel_first_requests_all_miss(emulator):
    """Through the awaiting transport, in virtual time: send one, then fan out."""
    emulator.script.reply(reply("ok", latency=2.0))
    transport = AsyncEmulatorTransport(emulator)
    request = WireRequest(body_of(block(1000, "5m")), timeout=10.0)

    async def fan_out():
        answers = await asyncio.gather(*(transport.send(request) for _ in range(3)))
        answers.append(await transport.send(request))
        return [json.loads(a.body)["usage"]["cache_read_input_tokens"] for a in answers]

    started = emulator.clock.monotonic()
    assert asyncio.run(fan_out()) == [0, 0, 0, 1000]
    assert emulator.clock.monotonic() - started == pytest.approx(4.0)


def test_a_failed_request_writes_nothing(emulator):
    body = body_of(block(1000, "5m"))
    emulator.script.reply(fault("overloaded"), "fine")
    answer = emulator.handle("POST", "/v1/messages", {}, json.dumps(body).encode())
    assert answer.status == 529
    answer.read()
    assert usage(emulator, body) == (100, 0, 1000, 0)


def test_each_model_has_a_cache_of_its_own(emulator):
    usage(emulator, body_of(block(1000, "5m")))
    assert usage(emulator, body_of(block(1000, "5m"), model=OPUS)) == (100, 0, 1000, 0)


@pytest.mark.parametrize(
    ("model", "least"),
    [
        (HAIKU, 512),
        ("claude-sonnet-5", 1024),
        ("claude-opus-4-7", 2048),
        ("claude-fable-5-2", 512),
    ],
)
def test_a_prefix_below_the_minimum_is_silently_not_cached(emulator, model, least):
    for tokens, written in ((least - 1, 0), (least, least)):
        body = body_of(block(tokens, "5m", mark=str(tokens % 10)), model=model)
        assert usage(emulator, body) == (100 + tokens - written, 0, written, 0)


def test_a_longer_prefix_is_written_from_where_the_cached_one_ends(emulator):
    first = body_of(block(1000, "5m", "a"))
    longer = body_of(block(1000, "5m", "a"), block(700, "5m", "b"))
    usage(emulator, first)
    assert usage(emulator, longer) == (100, 1000, 700, 0)
    assert usage(emulator, first) == (100, 1000, 0, 0)


def test_one_changed_character_before_the_breakpoint_loses_the_cache(emulator):
    usage(emulator, body_of(block(10, mark="x"), block(1000, "5m")))
    assert usage(emulator, body_of(block(10, mark="y"), block(1000, "5m"))) == (100, 0, 1010, 0)


def test_what_follows_the_breakpoint_may_change(emulator):
    usage(emulator, body_of(block(1000, "5m"), block(10, mark="x")))
    assert usage(emulator, body_of(block(1000, "5m"), block(10, mark="y"))) == (110, 1000, 0, 0)


def conversation(turns, *, marked):
    """`turns` blocks of 100 tokens in one message; a breakpoint on the block `marked`."""
    content = [block(100, "5m" if i == marked else None, chr(97 + i % 26)) for i in range(turns)]
    return {"model": HAIKU, "max_tokens": 50, "messages": [{"role": "user", "content": content}]}


@pytest.mark.parametrize(("end", "read"), [(25, 1000), (28, 1000), (29, 0)])
def test_a_lookup_goes_over_twenty_positions(emulator, end, read):
    """An entry that ends at block 9 is found from block 28: the breakpoint's own is the first."""
    usage(emulator, conversation(10, marked=9))
    found = usage(emulator, conversation(end + 1, marked=end))
    assert found == (0, read, (end + 1) * 100 - read, 0)


def test_automatic_caching_moves_with_the_conversation(emulator):
    def turn(count):
        roles = ("user", "assistant")
        messages = [
            {"role": roles[i % 2], "content": words(600, "abc"[i % 3])} for i in range(count)
        ]
        return {
            "model": HAIKU,
            "max_tokens": 50,
            "messages": messages,
            "cache_control": {"type": "ephemeral"},
        }

    assert usage(emulator, turn(1)) == (0, 0, 600, 0)
    assert usage(emulator, turn(3)) == (0, 600, 1200, 0)


def test_a_run_of_tool_results_is_one_position_of_a_lookup(emulator):
    """30 calls and 30 results lie between the entry and the breakpoint: three positions."""
    opening = {"role": "user", "content": [block(600, "5m")]}
    calls = [{"type": "tool_use", "id": f"t{n}", "name": "look", "input": {}} for n in range(30)]
    results = [
        {"type": "tool_result", "tool_use_id": f"t{n}", "content": "seen"} for n in range(30)
    ]
    results[-1]["cache_control"] = {"type": "ephemeral"}
    base = {"model": HAIKU, "max_tokens": 50}
    usage(emulator, {**base, "messages": [opening]})
    turns = [
        opening,
        {"role": "assistant", "content": calls},
        {"role": "user", "content": results},
    ]
    assert usage(emulator, {**base, "messages": turns})[1] == 600


CHANGES = {
    "effort": ({"output_config": {"effort": "low"}}, "messages"),
    "thinking": ({"thinking": {"type": "adaptive"}}, "messages"),
    "speed": ({"speed": "standard"}, "nothing"),
    "metadata": ({"metadata": {"user_id": "u"}}, "nothing"),
    "max_tokens": ({"max_tokens": 99}, "nothing"),
    "stop sequences": ({"stop_sequences": ["END"]}, "nothing"),
}


@pytest.mark.parametrize(("change", "lost"), CHANGES.values(), ids=CHANGES)
def test_a_changed_parameter_loses_what_the_docs_say(emulator, change, lost):
    """System prompt of 1,000 tokens and a message of 600, both cached."""
    body = body_of(block(1000, "5m"))
    body["messages"] = [{"role": "user", "content": [block(600, "5m", "u")]}]
    usage(emulator, body)
    _, read, written, _ = usage(emulator, {**body, **change})
    assert (read, written) == {"messages": (1000, 600), "nothing": (1600, 0)}[lost]


def test_a_changed_output_format_loses_the_system_prompt_too(emulator):
    def formatted(name):
        schema = {
            "type": "object",
            "properties": {name: {"type": "string"}},
            "additionalProperties": False,
        }
        config = {"format": {"type": "json_schema", "schema": schema}}
        return body_of(block(1000, "5m"), output_config=config)

    usage(emulator, formatted("label"))
    assert usage(emulator, formatted("label"))[1] == 1000
    assert usage(emulator, formatted("queue"))[1] == 0


def test_a_prewarming_request_writes_and_answers_nothing(emulator):
    body = body_of(block(1000, "5m"))
    raw = json.dumps({**body, "max_tokens": 0}).encode()
    message = json.loads(emulator.handle("POST", "/v1/messages", {}, raw).read())
    assert (message["content"], message["stop_reason"]) == ([], "max_tokens")
    assert message["usage"]["output_tokens"] == 0
    assert usage(emulator, body)[1] == 1000


sizes = st.lists(
    st.tuples(st.integers(1, 900), st.sampled_from([None, "5m", "1h"])), min_size=1, max_size=6
)


def _in_order(parts):
    """At most four breakpoints, the hours first, as the API demands."""
    ttls = sorted([ttl for _, ttl in parts if ttl][:4])
    result = []
    for tokens, ttl in parts:
        result.append((tokens, ttls.pop(0) if ttl and ttls else None))
    return result


@given(sizes, st.lists(st.floats(0, 4000), max_size=4))
@settings(max_examples=60, deadline=None)
def test_the_parts_of_the_usage_always_add_up_to_the_estimate(parts, waits):
    """Cached or not, the tokens of a prompt are those that `estimate_body` gives."""
    clock = ManualClock()
    emulator = Emulator(clock=clock)
    blocks = [block(n, ttl, chr(97 + i)) for i, (n, ttl) in enumerate(_in_order(parts))]
    body = body_of(*blocks)
    expected = estimate_body(body, load_catalog().get(HAIKU)).total
    for wait in (0.0, *waits):
        clock.advance(wait)
        figures = usage(emulator, body)
        assert sum(figures) == expected
        assert min(figures) >= 0
