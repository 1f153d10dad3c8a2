"""Whatever comes in, the emulator answers as the API would: a message or an error, no exception."""

import copy
import json

from hypothesis import given, settings
from hypothesis import strategies as st

from router.emulator import Emulator, ManualClock

FULL = {
    "model": "claude-haiku-5-5",
    "max_tokens": 100,
    "system": [{"type": "text", "text": "Be kind.", "cache_control": {"type": "ephemeral"}}],
    "messages": [
        {"role": "user", "content": "Hello"},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "…", "signature": "s"},
                {"type": "tool_use", "id": "t", "name": "look", "input": {"at": "sky"}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "t", "content": "blue"},
                {
                    "type": "image",
                    "source": {"type": "base64", "media_type": "image/png", "data": "AA=="},
                },
                {
                    "type": "document",
                    "source": {"type": "text", "media_type": "text/plain", "data": "d"},
                    "citations": {"enabled": False},
                },
            ],
        },
    ],
    "tools": [{"name": "look", "input_schema": {"type": "object", "properties": {"at": {}}}}],
    "tool_choice": {"type": "auto"},
    "output_config": {
        "effort": "low",
        "format": {
            "type": "json_schema",
            "schema": {
                "type": "object",
                "properties": {
                    "a": {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/n"}]},
                    "b": {"type": "array", "items": {"enum": ["x"]}, "minItems": 1},
                },
                "required": ["a"],
                "additionalProperties": False,
                "$defs": {"n": {"type": "null"}},
            },
        },
    },
    "thinking": {"type": "adaptive"},
    "stop_sequences": ["END"],
    "metadata": {"user_id": "u"},
    "service_tier": "auto",
    "stream": False,
}

json_values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-10, 10),
        st.floats(allow_nan=False, allow_infinity=False),
        st.sampled_from(["", " ", "text", "object", "#", "#/$defs/n", "ephemeral", "tool", "é"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["type", "text", "content", "role", "$ref", "properties", "x"]),
            inner,
            max_size=3,
        ),
    ),
    max_leaves=6,
)


def places(value, path=()):
    yield path
    if isinstance(value, dict):
        for key in value:
            yield from places(value[key], (*path, key))
    elif isinstance(value, list):
        for index in range(len(value)):
            yield from places(value[index], (*path, index))


PLACES = [path for path in places(FULL) if path]


def changed(path, value, remove):
    body = copy.deepcopy(FULL)
    parent = body
    for step in path[:-1]:
        parent = parent[step]
    if remove:
        del parent[path[-1]]
    else:
        parent[path[-1]] = value
    return body


def test_the_starting_point_is_accepted():
    body = json.dumps(FULL).encode()
    assert Emulator(clock=ManualClock()).handle("POST", "/v1/messages", {}, body).status == 200


@given(st.sampled_from(PLACES), json_values, st.booleans(), st.booleans())
@settings(max_examples=250, deadline=None)
def test_a_body_with_one_part_replaced_is_answered(path, value, remove, counting):
    emulator = Emulator(clock=ManualClock())
    route = "/v1/messages/count_tokens" if counting else "/v1/messages"
    reply = emulator.handle("POST", route, {}, json.dumps(changed(path, value, remove)).encode())
    if reply.streamed:
        assert reply.read().startswith(b"event: message_start")
        return
    body = json.loads(reply.read())
    if reply.status == 200:
        assert body.get("type") == "message" or set(body) == {"input_tokens"}
    else:
        assert reply.status in (400, 404)
        assert body["error"]["message"]


@given(st.binary(max_size=60), st.text(max_size=30), st.sampled_from(["GET", "POST", "PUT"]))
@settings(max_examples=80, deadline=None)
def test_any_bytes_on_any_path_are_answered(body, path, method):
    emulator = Emulator(clock=ManualClock())
    for route in (f"/{path}", f"/v1/models/{path}", f"/v1/models?limit={path}", "/v1/messages"):
        reply = emulator.handle(method, route, {}, body)
        assert 200 <= reply.status < 500
        json.loads(reply.read())
