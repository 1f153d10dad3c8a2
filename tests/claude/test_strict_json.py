"""Strict JSON: what the standard allows is read as `json.loads` reads it, all else is refused."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.engine.strict_json import MAX_DEPTH, StrictJsonError, parse_json_strict

TEXT = st.text(st.characters(codec="utf-8"))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(JSON, st.booleans())
def test_proper_json_is_read_as_json_loads_reads_it(value, ascii_only):
    """Every value that JSON can say comes back unchanged, escaped or not."""
    text = json.dumps(value, ensure_ascii=ascii_only)
    try:
        text.encode()
    except UnicodeEncodeError:
        with pytest.raises(StrictJsonError):
            parse_json_strict(text)
        return
    if any(
        0xD800 <= ord(char) < 0xE000 for char in json.dumps(json.loads(text), ensure_ascii=False)
    ):
        return
    assert parse_json_strict(text) == value
    assert parse_json_strict(text.encode()) == value


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "nul", "{", "[1", '{"a":1', '{"a":1}}', "[1,]", '{"a":1,}', "{'a':1}", "01", "+1",
        "NaN", "Infinity", "-Infinity", '{"a": NaN}', "[Infinity]", "1e400", "[-1e999]",
        '{"a":1,"a":2}', '{"x":{"a":1,"a":1}}', '[{"a":1,"\\u0061":2}]',
        '"\\ud800"', '"\\udc00\\ud800"', '{"\\uD834": 1}', '["a", "\\udfff"]', "\ud800", '"\ud800"',
        '"\x01"', '"tab\tin"', "\ufeff{}", "{} {}", "// no\n{}", '{"a":1}x', "\x00",
        "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), "[" * 20_000, '{"a":' * 20_000,
        "9" * 5_000, b"\xff", b'{"a":"\xff"}', b'"\xed\xa0\x80"',
    ],
)  # fmt: skip
def test_everything_else_is_refused(text):
    """No other text is read, and none raises anything but StrictJsonError."""
    with pytest.raises(StrictJsonError):
        parse_json_strict(text)


def test_depth_is_counted_by_nesting_and_not_by_brackets():
    """Many brackets side by side or within a string are not depth."""
    assert len(parse_json_strict("[" + "[]," * 500 + "[]]")) == 501
    assert parse_json_strict(json.dumps("[{" * 500)) == "[{" * 500
    assert parse_json_strict("[" * MAX_DEPTH + "]" * MAX_DEPTH)


def test_the_error_does_not_carry_the_text():
    """Model output may be confidential: the error says where, never what."""
    with pytest.raises(StrictJsonError) as caught:
        parse_json_strict('{"secret-text": oops}')
    assert "secret-text" not in repr(caught.value)
    assert caught.value.__suppress_context__
