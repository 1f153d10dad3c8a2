"""Rate limits: the headers always, the 429 only where it is asked for."""

import json

from router.emulator import Emulator, ManualClock, RateLimits

HAIKU = "claude-haiku-5-5"


def ask(emulator, model=HAIKU, characters=2500):
    body = {
        "model": model,
        "max_tokens": 100,
        "messages": [{"role": "user", "content": "x" * characters}],
    }
    answer = emulator.handle("POST", "/v1/messages", {}, json.dumps(body).encode())
    answer.read()
    return answer


def left(answer, kind):
    return int(answer.headers[f"anthropic-ratelimit-{kind}-remaining"])


def test_what_is_left_falls_with_use_and_grows_back_with_time():
    """2,500 characters are 1,000 tokens; 120,000 a minute come back as 2,000 a second."""
    clock = ManualClock()
    emulator = Emulator(clock=clock, limits=RateLimits(requests=60, input_tokens=120_000))
    first = ask(emulator)
    assert (left(first, "requests"), left(first, "input-tokens")) == (59, 119_000)
    for _ in range(9):
        last = ask(emulator)
    assert (left(last, "requests"), left(last, "input-tokens")) == (50, 110_000)
    clock.advance(4)
    assert left(ask(emulator), "requests") == 53


def test_without_enforcement_nobody_is_turned_away():
    emulator = Emulator(clock=ManualClock(), limits=RateLimits(requests=1))
    assert [ask(emulator).status for _ in range(3)] == [200, 200, 200]


def test_enforced_limits_answer_429_and_say_when_to_come_back():
    clock = ManualClock()
    emulator = Emulator(clock=clock, limits=RateLimits(requests=2, enforced=True))
    assert [ask(emulator).status for _ in range(2)] == [200, 200]
    refused = ask(emulator)
    assert refused.status == 429
    assert refused.headers["retry-after"] == "30"
    clock.advance(30)
    assert ask(emulator).status == 200


def test_each_new_model_has_its_own_limits_and_all_opus_4_share_one():
    emulator = Emulator(clock=ManualClock(), limits=RateLimits(requests=1, enforced=True))
    models = [HAIKU, "claude-opus-5-5", "claude-opus-4-8", "claude-opus-4-7"]
    assert [ask(emulator, model).status for model in models] == [200, 200, 200, 429]


def test_what_is_read_from_the_cache_does_not_count():
    emulator = Emulator(clock=ManualClock(), limits=RateLimits(input_tokens=100_000))
    text = {"type": "text", "text": "x" * 25_000, "cache_control": {"type": "ephemeral"}}
    body = {
        "model": HAIKU,
        "max_tokens": 10,
        "system": [text],
        "messages": [{"role": "user", "content": "x"}],
    }
    remaining = []
    for _ in range(2):
        answer = emulator.handle("POST", "/v1/messages", {}, json.dumps(body).encode())
        answer.read()
        remaining.append(left(answer, "input-tokens"))
    assert remaining == [90_000, 90_000]
