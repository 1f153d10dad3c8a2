"""The emulator refuses what the API refuses, with the API's own error shapes."""

import json

import pytest

from router.emulator import Emulator, ManualClock

HAIKU, SONNET, OPUS, OLD = (
    "claude-haiku-5-5",
    "claude-sonnet-5-5",
    "claude-opus-5-5",
    "claude-haiku-4-5-20251001",
)
USER = {"role": "user", "content": "Hello"}
EPHEMERAL = {"type": "ephemeral"}
HOUR = {"type": "ephemeral", "ttl": "1h"}
LABEL = {
    "type": "object",
    "properties": {"label": {"type": "string"}},
    "required": ["label"],
    "additionalProperties": False,
}
TOOL = {"name": "look", "description": "Looks.", "input_schema": {"type": "object"}}


def ask(changes, *, headers=None, path="/v1/messages", emulator=None):
    body = {"model": HAIKU, "max_tokens": 100, "messages": [USER], **changes}
    body = {key: value for key, value in body.items() if value is not ...}
    emulator = emulator or Emulator(clock=ManualClock())
    reply = emulator.handle("POST", path, headers or {}, json.dumps(body).encode())
    return reply, json.loads(reply.read())


def text(words, control=None):
    return {"type": "text", "text": words, **({"cache_control": control} if control else {})}


def formatted(schema, **config):
    return {"output_config": {"format": {"type": "json_schema", "schema": schema}, **config}}


def of(**properties):
    return {"type": "object", "properties": properties, "additionalProperties": False}


REFUSED = {
    "unknown model": ({"model": "claude-haiku-9"}, 404, "claude-haiku-9"),
    "retired model": ({"model": "claude-opus-4-1-20250805"}, 404, "retired"),
    "no model": ({"model": ...}, 400, "model: Field required"),
    "no max_tokens": ({"max_tokens": ...}, 400, "max_tokens: Field required"),
    "max_tokens not whole": ({"max_tokens": 1.5}, 400, "max_tokens"),
    "max_tokens true": ({"max_tokens": True}, 400, "max_tokens"),
    "max_tokens negative": ({"max_tokens": -1}, 400, "max_tokens"),
    "max_tokens too high": ({"max_tokens": 128_001}, 400, "128000"),
    "old model's ceiling": ({"model": OLD, "max_tokens": 64_001}, 400, "64000"),
    "no messages": ({"messages": ...}, 400, "messages: Field required"),
    "empty messages": ({"messages": []}, 400, "at least one message"),
    "unknown role": ({"messages": [{"role": "robot", "content": "x"}]}, 400, "messages.0.role"),
    "starts with assistant": (
        {"messages": [{"role": "assistant", "content": "x"}, USER]},
        400,
        "first message",
    ),
    "empty content": ({"messages": [{"role": "user", "content": ""}]}, 400, "non-empty"),
    "blank text": ({"messages": [{"role": "user", "content": [text("  ")]}]}, 400, "whitespace"),
    "unknown block": (
        {"messages": [{"role": "user", "content": [{"type": "video"}]}]},
        400,
        "video",
    ),
    "image type": (
        {
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {
                            "type": "image",
                            "source": {"type": "base64", "media_type": "image/bmp", "data": "AA=="},
                        }
                    ],
                }
            ]
        },
        400,
        "media_type",
    ),
    "unknown field": ({"temprature": 1}, 400, "temprature: Extra inputs"),
    "temperature": ({"temperature": 0}, 400, "temperature"),
    "top_p": ({"top_p": 0.9}, 400, "top_p"),
    "top_k on an old model": ({"model": OLD, "top_k": 5}, 400, "top_k"),
    "prefill": ({"messages": [USER, {"role": "assistant", "content": "{"}]}, 400, "prefill"),
    "prefill with trailing blank": (
        {"model": OLD, "messages": [USER, {"role": "assistant", "content": "{ "}]},
        400,
        "trailing whitespace",
    ),
    "stray tool result": (
        {
            "messages": [
                {
                    "role": "user",
                    "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "x"}],
                }
            ]
        },
        400,
        "t1",
    ),
    "effort where there is none": (
        {"model": OLD, "output_config": {"effort": "low"}},
        400,
        "effort",
    ),
    "effort xhigh before its time": (
        {"model": "claude-opus-4-6", "output_config": {"effort": "xhigh"}},
        400,
        "xhigh",
    ),
    "unknown effort": ({"output_config": {"effort": "extreme"}}, 400, "effort"),
    "manual thinking": (
        {"thinking": {"type": "enabled", "budget_tokens": 1024}, "max_tokens": 2000},
        400,
        "thinking.type",
    ),
    "thinking cannot be off": ({"model": OPUS, "thinking": {"type": "disabled"}}, 400, "disabled"),
    "thinking off at high effort": (
        {"thinking": {"type": "disabled"}, "output_config": {"effort": "max"}},
        400,
        "effort",
    ),
    "thinking budget too small": (
        {"model": OLD, "thinking": {"type": "enabled", "budget_tokens": 10}},
        400,
        "1024",
    ),
    "fast mode": ({"speed": "fast"}, 400, "speed"),
    "fast mode without its beta": ({"model": "claude-opus-5", "speed": "fast"}, 400, "beta"),
    "geography on an old model": ({"model": OLD, "inference_geo": "us"}, 400, "inference_geo"),
    "unknown geography": ({"inference_geo": "moon"}, 400, "inference_geo"),
    "unknown service tier": ({"service_tier": "gold"}, 400, "service_tier"),
    "forced tool choice": (
        {"model": SONNET, "tools": [TOOL], "tool_choice": {"type": "any"}},
        400,
        "tool_choice",
    ),
    "tool choice without tools": ({"tool_choice": {"type": "auto"}}, 400, "tool_choice"),
    "tool that is not there": (
        {"tools": [TOOL], "tool_choice": {"type": "tool", "name": "run"}},
        400,
        "run",
    ),
    "tool twice": ({"tools": [TOOL, TOOL]}, 400, "unique"),
    "five breakpoints": (
        {"system": [text(f"part {n}", EPHEMERAL) for n in range(5)]},
        400,
        "maximum of 4",
    ),
    "1h after 5m": ({"system": [text("a", EPHEMERAL), text("b", HOUR)]}, 400, "ttl"),
    "1h in messages after 5m in tools": (
        {
            "tools": [{**TOOL, "cache_control": EPHEMERAL}],
            "messages": [{"role": "user", "content": [text("x", HOUR)]}],
        },
        400,
        "ttl",
    ),
    "unknown ttl": ({"system": [text("a", {"type": "ephemeral", "ttl": "2h"})]}, 400, "ttl"),
    "automatic with another ttl": (
        {"cache_control": HOUR, "messages": [{"role": "user", "content": [text("x", EPHEMERAL)]}]},
        400,
        "ttl",
    ),
    "automatic on top of four": (
        {
            "cache_control": EPHEMERAL,
            "system": [text(f"part {n}", EPHEMERAL) for n in range(3)],
            "messages": [{"role": "user", "content": [text("x", EPHEMERAL)]}],
        },
        400,
        "maximum of 4",
    ),
    "open object": (formatted({"type": "object", "properties": {}}), 400, "additionalProperties"),
    "nested open object": (formatted(of(a={"type": "object"})), 400, "properties.a"),
    "minimum": (formatted(of(n={"type": "number", "minimum": 0})), 400, "minimum"),
    "maxLength": (formatted(of(s={"type": "string", "maxLength": 3})), 400, "maxLength"),
    "maxItems": (
        formatted(of(l={"type": "array", "items": {"type": "string"}, "maxItems": 3})),
        400,
        "maxItems",
    ),
    "minItems 2": (
        formatted(of(l={"type": "array", "items": {"type": "string"}, "minItems": 2})),
        400,
        "minItems",
    ),
    "oneOf": (formatted(of(x={"oneOf": [{"type": "string"}]})), 400, "oneOf"),
    "unknown format": (formatted(of(s={"type": "string", "format": "color"})), 400, "color"),
    "external ref": (formatted(of(s={"$ref": "https://example.com/s.json"})), 400, "External"),
    "recursion": (
        formatted(
            {**of(node={"$ref": "#/$defs/node"}), "$defs": {"node": of(n={"$ref": "#/$defs/node"})}}
        ),
        400,
        "Recursive",
    ),
    "too many optional": (
        formatted(of(**{f"p{n}": {"type": "string"} for n in range(25)})),
        400,
        "too complex",
    ),
    "complex enum": (formatted(of(e={"enum": [{"a": 1}]})), 400, "enum"),
    "strict tool with an open schema": ({"tools": [{**TOOL, "strict": True}]}, 400, "tools.0"),
    "format and citations": (
        {
            **formatted(LABEL),
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {
                            "type": "document",
                            "source": {"type": "text", "media_type": "text/plain", "data": "d"},
                            "citations": {"enabled": True},
                        }
                    ],
                }
            ],
        },
        400,
        "citations",
    ),
    "prewarm with a stream": ({"max_tokens": 0, "stream": True}, 400, "max_tokens 0"),
    "prompt too long": (
        {"model": OLD, "messages": [{"role": "user", "content": "x" * 700_000}]},
        400,
        "prompt is too long",
    ),
    "unknown metadata": ({"metadata": {"user": "x"}}, 400, "metadata.user"),
    "blank stop sequence": ({"stop_sequences": [" "]}, 400, "stop_sequences.0"),
}


@pytest.mark.parametrize(("changes", "status", "words"), REFUSED.values(), ids=REFUSED)
def test_refuses_what_the_api_refuses(changes, status, words):
    reply, body = ask(changes)
    assert reply.status == status
    assert body["type"] == "error"
    kinds = {400: "invalid_request_error", 404: "not_found_error"}
    assert body["error"]["type"] == kinds[status]
    assert words in body["error"]["message"]
    assert body["request_id"] == reply.headers["request-id"]


ACCEPTED = {
    "plain": {},
    "alias": {"model": "claude-haiku-4-5"},
    "structured": formatted(LABEL, effort="low"),
    "references": formatted({**of(a={"$ref": "#/$defs/s"}), "$defs": {"s": {"type": "string"}}}),
    "unions and enums": formatted(of(a={"anyOf": [{"enum": ["x", 1]}, {"type": "null"}]})),
    "prefill where it is allowed": {
        "model": OLD,
        "messages": [USER, {"role": "assistant", "content": "{"}],
    },
    "forced tool where it is allowed": {"tools": [TOOL], "tool_choice": {"type": "any"}},
    "thinking off up to high": {
        "thinking": {"type": "disabled"},
        "output_config": {"effort": "high"},
    },
    "between tools": {"model": SONNET, "thinking": {"type": "between_tools"}},
    "manual thinking on an old model": {
        "model": OLD,
        "max_tokens": 4000,
        "thinking": {"type": "enabled", "budget_tokens": 1024},
    },
    "fast": {"model": OPUS, "speed": "fast"},
    "geography": {"inference_geo": "us"},
    "four breakpoints": {
        "system": [text("a", HOUR), text("b", HOUR), text("c", EPHEMERAL), text("d", EPHEMERAL)]
    },
    "automatic caching": {"cache_control": EPHEMERAL, "system": [text("a", HOUR)]},
    "prewarm": {"max_tokens": 0, "system": [text("a", EPHEMERAL)]},
    "tool round": {
        "tools": [TOOL],
        "messages": [
            USER,
            {
                "role": "assistant",
                "content": [{"type": "tool_use", "id": "t1", "name": "look", "input": {}}],
            },
            {
                "role": "user",
                "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "seen"}],
            },
        ],
    },
    "a system message on the way": {
        "messages": [USER, {"role": "system", "content": "Be brief."}, USER]
    },
}


@pytest.mark.parametrize("changes", ACCEPTED.values(), ids=ACCEPTED)
def test_accepts_what_the_api_accepts(changes):
    reply, body = ask(changes)
    assert reply.status == 200, body
    assert body["type"] == "message"


def test_a_beta_header_opens_fast_mode_and_beta_fields():
    headers = {"anthropic-beta": "fast-mode-2026-02-01"}
    changes = {"model": "claude-opus-5", "speed": "fast", "context_management": {}}
    reply, body = ask(changes, headers=headers)
    assert reply.status == 200, body
    assert body["usage"]["speed"] == "fast"


def test_old_api_versions_take_sampling_on_old_models_only():
    headers = {"anthropic-version": "2023-06-01"}
    assert ask({"model": OLD, "temperature": 0}, headers=headers)[0].status == 200
    assert ask({"temperature": 0}, headers=headers)[0].status == 400
    assert ask({"temperature": 1.0}, headers=headers)[0].status == 200


def test_a_model_is_gone_from_its_announced_day_on():
    """claude-sonnet-4-5 retires on 2026-11-30."""
    clock = ManualClock()
    emulator = Emulator(clock=clock)
    assert ask({"model": "claude-sonnet-4-5-20250929"}, emulator=emulator)[0].status == 200
    clock.advance(8 * 86_400)
    assert ask({"model": "claude-sonnet-4-5-20250929"}, emulator=emulator)[0].status == 404


def test_a_body_over_32_megabytes_is_too_large():
    body = b'{"model": "' + b"x" * (32 * 1024 * 1024) + b'"}'
    reply = Emulator().handle("POST", "/v1/messages", {}, body)
    assert reply.status == 413
    assert json.loads(reply.read())["error"]["type"] == "request_too_large"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"[" * 100_000, b"\xff"])
def test_what_is_no_json_object_is_a_400(body):
    assert Emulator().handle("POST", "/v1/messages", {}, body).status == 400


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/v1/messages", 405), ("POST", "/v1/models", 405), ("POST", "/v1/complete", 404)],
)
def test_other_routes_and_methods_are_refused(method, path, status):
    assert Emulator().handle(method, path, {}, b"{}").status == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"X-Api-Key": "wrong"}, 401),
        ({"x-api-key": "right"}, 200),
        ({"Authorization": "Bearer right"}, 200),
    ],
)
def test_a_key_is_checked_where_one_is_set(headers, status):
    reply, _ = ask({}, headers=headers, emulator=Emulator(api_key="right"))
    assert reply.status == status


def test_an_api_version_that_is_no_date_is_refused():
    assert ask({}, headers={"anthropic-version": "latest"})[0].status == 400


def test_counting_takes_a_body_without_max_tokens_and_agrees_with_the_answer():
    body = {"system": "Be kind. " * 50, "tools": [TOOL]}
    _, counted = ask({**body, "max_tokens": ...}, path="/v1/messages/count_tokens")
    _, message = ask(body)
    assert counted == {"input_tokens": message["usage"]["input_tokens"]}
    reply, _ = ask(body, path="/v1/messages/count_tokens")
    assert reply.status == 400
